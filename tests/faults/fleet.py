"""A mill to be hurt: servers of its own behind proxies, supervised workers and dispatchers, orders and a tally."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit
from uuid import UUID

import psycopg
from psycopg import Connection
from redis import Redis

from config.queues import queues
from reelmill.embedded import Embedded, Servers
from reelmill.embedded.owner import PROGRAMS
from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.pool import open_pool
from reelmill.settings import Settings
from tests.faults import armed
from tests.faults.effects import broken_promises, watch
from tests.faults.proxy import TcpProxy
from workers import boot
from workers.children import Child, worker
from workers.mill import environment
from workers.supervisor import Supervisor

PATIENCE_S = 60.0
LEASE_S = 3.0
RING_WAIT_S = 2.0


@dataclass
class Fleet:
    """What a fault test needs in its hands."""

    settings: Settings
    servers: Servers
    """The true addresses; the workers know only the proxies'."""
    supervisor: Supervisor
    broker: TcpProxy
    database: TcpProxy
    ledger: Ledger
    connection: Connection[Any]
    redis: Redis
    orders: Path
    clips: Path
    accepted: list[UUID] = field(default_factory=list)

    def ingest(self, *texts: str, tenant: str = "default") -> list[UUID]:
        """Enqueue a clip for each text."""
        ids = []
        for text in texts:
            clip = self.clips / f"{len(self.accepted) + len(ids)}.mp4"
            clip.write_text(f"{text} #{clip.stem}")
            ids.append(self.ledger.videos.enqueue(str(clip), tenant=tenant).id)
        self.accepted += ids
        return ids

    def order(self, point: str, what: str) -> Path:
        """Have the next process that reaches the point obey."""
        return armed.place(self.orders, point, what)

    def await_(self, met: Callable[[], object], what: str = "it") -> None:
        """Keep the mill running, here on the main thread, until the condition is met."""
        give_up_at = time.monotonic() + PATIENCE_S
        with ThreadPoolExecutor(1) as asking:
            while True:
                answer = asking.submit(met)
                while not answer.done():
                    self.supervisor.keep()
                    time.sleep(0.02)
                if answer.result():
                    return
                assert time.monotonic() < give_up_at, f"{what}: not in {PATIENCE_S:.0f} s; see {self.logs}"

    def await_obeyed(self, order: Path) -> int:
        """Wait until some process has come to the point; its pid."""
        self.await_(lambda: armed.taken(order), f"order {order.name}")
        return armed.taken(order) or 0

    def await_ended(self, ids: Sequence[UUID]) -> None:
        """Wait until these videos have ended."""
        self.await_(lambda: self.ended(ids) == len(ids), "the end of all videos")

    def ended(self, ids: Sequence[UUID]) -> int:
        """How many of these have ended."""
        row = self.connection.execute(
            "SELECT count(*) FROM reelmill.videos WHERE id = ANY (%s) AND finished_at IS NOT NULL", [list(ids)]
        ).fetchone()
        return int(row[0]) if row else 0

    def states(self, ids: Sequence[UUID]) -> list[str]:
        """The videos' states, in the order of the ids."""
        rows = dict(self.connection.execute("SELECT id, state FROM reelmill.videos WHERE id = ANY (%s)", [list(ids)]))
        return [rows[video] for video in ids]

    def errors(self, ids: Sequence[UUID]) -> list[str | None]:
        """The classes of the errors that the runs of these videos met, as the triggers saw them."""
        rows = self.connection.execute(
            "SELECT detail FROM audit.effects WHERE video_id = ANY (%s) AND detail IS NOT NULL "
            "AND kind IN ('run waiting', 'run failed') ORDER BY id",
            [list(ids)],
        )
        return [detail for (detail,) in rows]

    def broken_promises(self) -> list[str]:
        """What the tally holds against the mill: every list must be empty when all accepted videos have ended."""
        return [
            *broken_promises(self.connection, self.accepted),
            *(f"message left in {key!r}" for key in self.messages()),
            *(f"file left: {path}" for path in (self.settings.data_dir / "work").iterdir()),
            *(f"file left: {path}" for path in self._incoming()),
            *(f"blob of nobody: {path}" for path in self._unowned()),
        ]

    def messages(self) -> list[str]:
        """The lists and hashes of Redis that hold task messages or copies of them."""
        names = [queue.name for queue in queues(self.settings, cores=1)]
        return [str(key) for key in [*names, "unacked"] if self.redis.exists(key)]

    def workers_up(self) -> bool:
        """Whether a live worker takes from each queue, and somebody dispatches."""
        alive = self.ledger.processes.alive()
        served = {queue for process in alive for queue in process.queues}
        pids = {pid for name, pid in self.supervisor.pids().items() if name not in PROGRAMS}
        present = {int(process.name.rpartition(":")[2]) for process in alive}
        return len(served) >= 4 and pids <= present

    @property
    def logs(self) -> Path:
        """Where the children's logs are."""
        return self.settings.data_dir / "logs"

    def _incoming(self) -> list[Path]:
        folder = self.settings.data_dir / "blobs" / ".incoming"
        return list(folder.iterdir()) if folder.exists() else []

    def _unowned(self) -> list[Path]:
        owned = {key for (key,) in self.connection.execute("SELECT blob_key FROM reelmill.proxies")}
        blobs = self.settings.data_dir / "blobs"
        # A video that failed may leave what its last attempt stored.
        failed = {str(v) for (v,) in self.connection.execute("SELECT id FROM reelmill.videos WHERE state = 'failed'")}
        return [
            path
            for path in blobs.glob("[!.]*/*")
            if str(path.relative_to(blobs)) not in owned and path.parent.name not in failed
        ]


@contextmanager
def fleet(folder: Path, *, workers: int = 1, dispatchers: int = 1, **told: str) -> Iterator[Fleet]:
    """Start one: `workers` for each queue; `told` is extra environment of all children."""
    embedded = Embedded(folder)
    try:
        servers = embedded.start()
        with (
            _proxied(servers.broker_url) as (broker, broker_url),
            _proxied(servers.database_url) as (database, database_url),
        ):
            seen = Servers(database_url, broker_url)
            settings = Settings(
                data_dir=folder, toolbox="tests.faults.toolbox:toolbox", lease_s=LEASE_S, ring_wait_s=RING_WAIT_S
            )
            orders, clips, logs = folder / "orders", folder / "clips", folder / "logs"
            for made in (orders, clips, logs):
                made.mkdir(exist_ok=True)
            boot.prepare(settings, servers.database_url)
            supervisor = Supervisor(
                children(settings, workers=workers, dispatchers=dispatchers),
                environment=environment(settings, seen) | _told(settings, orders) | told,
                logs=logs,
                embedded=embedded,
            )
            with (
                psycopg.connect(servers.database_url, autocommit=True) as connection,
                open_pool(servers.database_url, size=4, name="tally") as pool,
                Redis.from_url(servers.broker_url, decode_responses=True) as redis,
            ):
                watch(connection)
                ledger = open_ledger(pool, lease_s=LEASE_S, ring_wait_s=RING_WAIT_S)
                made_fleet = Fleet(
                    settings, servers, supervisor, broker, database, ledger, connection, redis, orders, clips
                )
                try:
                    supervisor.start()
                    made_fleet.await_(made_fleet.workers_up, "all workers")
                    yield made_fleet
                finally:
                    supervisor.stop()
    finally:
        embedded.stop()


def children(settings: Settings, *, workers: int, dispatchers: int) -> list[Child]:
    """The mill's own children, the dispatchers obeying orders."""
    made = [
        Child(f"dispatcher-{number}", (sys.executable, "-m", "tests.faults.dispatch")) for number in range(dispatchers)
    ]
    for queue in queues(settings, cores=2):
        plain = worker(queue)
        for number in range(workers):
            command = tuple(
                f"--hostname={queue.name}-{number}@%h" if part.startswith("--hostname") else part
                for part in plain.command
            )
            made.append(replace(plain, name=f"{queue.name}-{number}", command=command))
    return made


def _told(settings: Settings, orders: Path) -> dict[str, str]:
    named = {f"REELMILL_{name.upper()}": str(getattr(settings, name)) for name in ("toolbox", "lease_s", "ring_wait_s")}
    return named | {armed.FOLDER: str(orders)}


@contextmanager
def _proxied(url: str) -> Iterator[tuple[TcpProxy, str]]:
    parts = urlsplit(url)
    proxy = TcpProxy(str(parts.hostname), int(parts.port or 0))
    try:
        yield proxy, url.replace(f":{parts.port}/", f":{proxy.port}/")
    finally:
        proxy.close()
