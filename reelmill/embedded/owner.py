"""The owner of a data folder: starts its servers, revives them, stops them."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from reelmill.embedded import endpoints
from reelmill.embedded.endpoints import Endpoint, Endpoints
from reelmill.embedded.failures import ServerUnavailable
from reelmill.embedded.ownership import Ownership
from reelmill.embedded.postgres import Postgres
from reelmill.embedded.process import ServerProcess
from reelmill.embedded.program import Program
from reelmill.embedded.valkey import Valkey
from reelmill.errors import Misuse

PROGRAMS: Mapping[str, Program] = {program.name: program for program in (Postgres(), Valkey())}


@dataclass(frozen=True)
class Servers:
    """The URLs of the ledger and the broker."""

    database_url: str
    """`postgresql://...`; empty when the owner runs no PostgreSQL."""
    broker_url: str
    """`redis://...`; empty when the owner runs no Valkey."""


class Embedded:
    """Runs PostgreSQL and Valkey in a data folder for as long as this process lives.

    The servers die with the process, even when it is killed: the kernel signals them when the *thread* that
    started them ends. So `start` and `revive` belong on the main thread, and refuse any other.
    """

    def __init__(self, data_dir: Path, *, postgres: bool = True, valkey: bool = True) -> None:
        self._data_dir = data_dir.absolute()
        self._names = [name for name, wanted in (("postgres", postgres), ("valkey", valkey)) if wanted]
        self._ownership = Ownership(self._data_dir)
        self._processes: list[ServerProcess] = []
        self._endpoints = Endpoints()

    def start(self) -> Servers:
        """Own the folder, made if missing and then closed to others, and start its servers.

        What a killed owner left behind is waited for first. Raises `AlreadyRunning` when another process owns
        the folder, `ServerUnavailable` when this machine cannot run the servers, `ServerFailed` when one does
        not come up; in each case nothing is left running.
        """
        _require_main_thread()
        _make_folders(self._data_dir)
        self._ownership.take()
        try:
            return self._start()
        except BaseException:
            self.stop()
            raise

    def revive(self) -> list[str]:
        """Start those that died, on their old ports; gives their names.

        Raises `ServerFailed` when one stays down; the next call tries again.
        """
        _require_main_thread()
        dead = [process for process in self._processes if process.pid is None]
        for process in dead:
            process.clear_leftovers(stopping=False)
        self._launch(dead)
        return [process.program.name for process in dead]

    def pids(self) -> dict[str, int]:
        """Process ids of the live servers by name, `postgres` and `valkey`."""
        return {each.program.name: each.pid for each in self._processes if each.pid is not None}

    def stop(self) -> None:
        """Stop the servers cleanly, killing what does not end in 15 seconds, and give the folder up."""
        try:
            for process in self._processes:
                process.ask_to_stop()
            for process in self._processes:
                process.await_stopped()
            self._processes = []
        finally:
            self._ownership.release()

    def _start(self) -> Servers:
        processes = [ServerProcess(PROGRAMS[name], self._data_dir) for name in self._names]
        for process in processes:
            process.clear_leftovers(stopping=True)
        known = endpoints.assign(endpoints.load(self._data_dir).known, self._names)
        # Saved before the servers exist: a cluster whose password is not written down stays closed for ever.
        endpoints.save(self._data_dir, Endpoints(known=known))
        self._endpoints = Endpoints(known=known, active=tuple(self._names))
        self._processes = processes
        self._launch(processes)
        endpoints.save(self._data_dir, self._endpoints)
        return urls(self._endpoints)

    def _launch(self, processes: Sequence[ServerProcess]) -> None:
        for process in processes:
            process.launch(self._endpoint(process))
        for process in processes:
            process.await_ready(self._endpoint(process))

    def _endpoint(self, process: ServerProcess) -> Endpoint:
        return self._endpoints.known[process.program.name]


def urls(found: Endpoints) -> Servers:
    """The URLs of the active servers."""
    by_name = {name: PROGRAMS[name].url(found.known[name]) for name in found.active}
    return Servers(database_url=by_name.get("postgres", ""), broker_url=by_name.get("valkey", ""))


def _require_main_thread() -> None:
    if threading.current_thread() is not threading.main_thread():
        raise Misuse("Embedded servers end with the thread that starts them: start them on the main thread.")


def _make_folders(data_dir: Path) -> None:
    try:
        data_dir.mkdir(mode=0o700, parents=True, exist_ok=True)
        (data_dir / "logs").mkdir(mode=0o700, exist_ok=True)
    except OSError as error:
        raise ServerUnavailable(
            f"The data folder {data_dir} cannot be made: {error.strerror}. Set REELMILL_DATA_DIR to another."
        ) from error
