"""One server as a child process of its owner: start, readiness, death, stop."""

from __future__ import annotations

import subprocess
import time
from pathlib import Path

from reelmill.embedded.endpoints import Endpoint
from reelmill.embedded.failures import ServerFailed
from reelmill.embedded.leftovers import end_leftovers
from reelmill.embedded.private_files import append_private
from reelmill.embedded.program import Program
from reelmill.embedded.spawn import SERVER_ENVIRONMENT, server_command
from reelmill.errors import EVIDENCE_CHARS

_START_LIMIT_S = 120.0
"""Ready takes well under a second; recovery after a crash replays up to a gigabyte of log first."""
_STOP_LIMIT_S = 15.0
_ORPHAN_LIMIT_S = 1.0
_FIRST_POLL_S = 0.02
_LAST_POLL_S = 0.5
"""Each poll waits twice as long as the one before, for PostgreSQL logs every question it cannot answer yet."""


class ServerProcess:
    """A server of a data folder; all calls belong to the owner's main thread."""

    def __init__(self, program: Program, data_dir: Path) -> None:
        self.program = program
        self._folder = data_dir / program.name
        self._log = data_dir / "logs" / f"{program.name}.log"
        self._log_start_bytes = 0
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id while it lives, else None."""
        process = self._process
        return process.pid if process is not None and process.poll() is None else None

    def clear_leftovers(self, *, stopping: bool) -> None:
        """Wait until nothing of an earlier run works in the folder; what stays is killed.

        What may be `stopping` in good order has as long for it as `await_stopped` gives. The sessions of a dead
        PostgreSQL have but a second: they can commit nothing, and a busy one does not notice the death.
        """
        patience_s = _STOP_LIMIT_S if stopping else _ORPHAN_LIMIT_S
        end_leftovers(self.program.process_name, self._folder, patience_s=patience_s)

    def launch(self, endpoint: Endpoint) -> None:
        """Start it, without waiting until it is ready."""
        command = server_command(self.program.prepare(self._folder, endpoint), self.program.stop_signal)
        with append_private(self._log) as log:
            self._log_start_bytes = log.tell()
            self._process = subprocess.Popen(
                command,
                cwd=self._folder,
                env=SERVER_ENVIRONMENT,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                # In a session of its own, it does not hear a Ctrl-C that is meant for the owner.
                start_new_session=True,
            )

    def await_ready(self, endpoint: Endpoint) -> None:
        """Wait for a query's answer. Raises `ServerFailed` once the process has ended, or after two minutes."""
        deadline, wait_s = time.monotonic() + _START_LIMIT_S, _FIRST_POLL_S
        while self._still_starting() and not self.program.answers(endpoint):
            if time.monotonic() > deadline:
                raise self._failure(f"did not answer within {_START_LIMIT_S:.0f} s")
            time.sleep(wait_s)
            wait_s = min(2 * wait_s, _LAST_POLL_S)

    def ask_to_stop(self) -> None:
        """Send the signal of a clean end, if it lives."""
        if self._process is not None:
            self._process.send_signal(self.program.stop_signal)

    def await_stopped(self) -> None:
        """Wait for the end; kill it, and what it leaves behind, when that takes too long."""
        if self._process is None:
            return
        try:
            self._process.wait(_STOP_LIMIT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            self.clear_leftovers(stopping=False)
        self._process = None

    def _still_starting(self) -> bool:
        status = self._process.poll() if self._process is not None else 0
        if status is not None:
            raise self._failure(f"ended with status {status} while it was starting")
        return True

    def _failure(self, what: str) -> ServerFailed:
        with self._log.open("rb") as log:
            log.seek(self._log_start_bytes)
            evidence = log.read()[-EVIDENCE_CHARS:].decode(errors="replace")
        return ServerFailed(f"{self.program.title} {what}; its log is {self._log}.", evidence=evidence)
