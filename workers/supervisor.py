"""Starts everything on this host, starts again what dies, and stops it all in order."""

from __future__ import annotations

import os
import signal
import subprocess
import threading
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

import structlog

from reelmill.embedded import Embedded, ServerFailed
from reelmill.embedded.spawn import tethered
from workers.children import Child

log = structlog.get_logger()

ROOT = Path(__file__).resolve().parent.parent
"""The application's root: the folder of `workers`, `tasks`, `config` and `api`."""

POLL_S = 0.2
STOP_LIMIT_S = 20.0
"""A worker's soft shutdown takes ten seconds at most; after twice that it is killed, and its leases run out."""
SETTLED_S = 10.0
"""A child that has lived this long is healthy: its next death is answered at once."""
LONGEST_PAUSE_S = 30.0


class Kept:
    """One child and its present process."""

    def __init__(self, child: Child, environment: Mapping[str, str], logs: Path) -> None:
        self.child = child
        self._environment = {**environment, **child.environment}
        self._log = logs / f"{child.name}.log"
        self._deaths = 0
        self._started_s = 0.0
        self._again_s = 0.0
        self.process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Start the process, tied to this one's life, in a session of its own, logging to its file."""
        # The data folder is closed to others; the log stays so even where it is copied to.
        with os.fdopen(os.open(self._log, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600), "ab") as output:
            self.process = subprocess.Popen(
                tethered(list(self.child.command), signal.SIGTERM),
                cwd=ROOT,
                env=self._environment,
                stdin=subprocess.DEVNULL,
                stdout=output,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )
        self._started_s = time.monotonic()

    def keep(self) -> None:
        """Start the process again if it has died; later each time, if it keeps dying young."""
        now_s = time.monotonic()
        if self.process is not None and self.process.poll() is not None:
            status, self.process = self.process.returncode, None
            self._deaths = 0 if now_s - self._started_s > SETTLED_S else self._deaths + 1
            pause_s = min(2.0 ** (self._deaths - 1), LONGEST_PAUSE_S) if self._deaths > 1 else 0.0
            self._again_s = now_s + pause_s
            log.warning("died", child=self.child.name, status=status, again_in_s=pause_s, log=str(self._log))
        if self.process is None and now_s >= self._again_s:
            self.start()

    def ask_to_stop(self) -> None:
        """Send SIGTERM, if it lives."""
        if self.process is not None and self.process.poll() is None:
            self.process.terminate()

    def await_stopped(self, deadline_s: float) -> None:
        """Wait until the deadline, then kill the process and all of its session."""
        if self.process is None:
            return
        try:
            self.process.wait(max(0.0, deadline_s - time.monotonic()))
        except subprocess.TimeoutExpired:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()


class Supervisor:
    """Runs on the main thread: children and servers end with the thread that starts them."""

    def __init__(
        self, children: Sequence[Child], *, environment: Mapping[str, str], logs: Path, embedded: Embedded | None
    ) -> None:
        self._kept = [Kept(child, environment, logs) for child in children]
        self._embedded = embedded

    def start(self) -> None:
        """Start all children."""
        for kept in self._kept:
            kept.start()

    def pids(self) -> dict[str, int]:
        """Process ids of the children by name, and of the embedded servers."""
        pids = {kept.child.name: kept.process.pid for kept in self._kept if kept.process}
        return pids | (self._embedded.pids() if self._embedded else {})

    def watch(self, stop: threading.Event) -> None:
        """Keep everything running until told to stop."""
        while not stop.wait(POLL_S):
            self.keep()

    def keep(self) -> None:
        """Start again what has died; the servers first, for all others need them."""
        if self._embedded:
            try:
                for name in self._embedded.revive():
                    log.warning("revived", server=name)
            except ServerFailed as error:
                log.error("server stays down", error=str(error))
        for kept in self._kept:
            kept.keep()

    def stop(self) -> None:
        """Stop the children, all at once, and wait for them; the servers are their owner's to stop."""
        for kept in self._kept:
            kept.ask_to_stop()
        deadline_s = time.monotonic() + STOP_LIMIT_S
        for kept in self._kept:
            kept.await_stopped(deadline_s)
