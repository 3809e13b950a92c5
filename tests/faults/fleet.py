"""A mill to be hurt: servers of its own behind proxies, supervised workers and dispatchers, orders and a tally."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, LiteralString
from uuid import UUID

import psycopg
from celery import Celery
from psycopg_pool import PoolTimeout
from redis import Redis, RedisError

from config.celery import celery_config
from config.queues import queues
from reelmill.embedded import Embedded, Servers
from reelmill.embedded.owner import PROGRAMS
from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.lease import Link
from reelmill.ledger.pool import Pool, open_pool, persist
from reelmill.ledger.rings import Ring
from reelmill.settings import Settings
from reelmill.video import Stage
from tasks import pipeline
from tests.faults import armed
from tests.faults.cast import children, proxied, renamed, told_by_tests
from tests.faults.clips import ClipMaker
from tests.faults.effects import broken_promises, watch
from tests.faults.proxy import TcpProxy
from workers import boot
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
    environment: Mapping[str, str]
    """What all children are told."""
    broker: TcpProxy
    database: TcpProxy
    ledger: Ledger
    pool: Pool
    """Straight to the database, for the tally."""
    redis: Redis
    orders: Path
    clips: Path
    children: tuple[str, ...]
    accepted: list[UUID] = field(default_factory=list)
    expected: dict[UUID, frozenset[str]] = field(default_factory=dict)
    """The states in which a soak's videos may end."""

    def ingest(self, *texts: str, tenant: str = "default") -> list[UUID]:
        """Enqueue a clip for each text."""
        ids = []
        for text in texts:
            clip = self.clips / f"{len(self.accepted) + len(ids)}.mp4"
            clip.write_text(f"{text} #{clip.stem}")
            ids.append(self.ledger.videos.enqueue(str(clip), tenant=tenant).id)
        self.accepted += ids
        return ids

    def feed(self, clips: ClipMaker, at_once: int) -> None:
        """Enqueue clips until so many are unfinished; a database that is away takes none just now."""
        with suppress(psycopg.OperationalError, PoolTimeout):
            for _ in range(at_once - (len(self.accepted) - self.ended(self.accepted))):
                clip = clips.make()
                video = self.ledger.videos.enqueue(str(clip.path)).id
                self.accepted.append(video)
                self.expected[video] = clip.ends

    def pause(self, duration_s: float) -> None:
        """Let time pass, keeping the mill running."""
        until_s = time.monotonic() + duration_s
        while time.monotonic() < until_s:
            self.supervisor.keep()
            time.sleep(0.05)

    def order(self, point: str, what: str) -> Path:
        """Have the next process that reaches the point obey."""
        return armed.place(self.orders, point, what)

    def await_(self, met: Callable[[], object], what: str = "it", patience_s: float = PATIENCE_S) -> None:
        """Keep the mill running, here on the main thread, until the condition is met."""
        give_up_at = time.monotonic() + patience_s
        with ThreadPoolExecutor(1) as asking:
            while True:
                answer = asking.submit(_patiently, met)
                while not answer.done():
                    self.supervisor.keep()
                    time.sleep(0.02)
                if answer.result():
                    return
                assert time.monotonic() < give_up_at, f"{what}: not in {patience_s:.0f} s; see {self.logs}"

    def await_obeyed(self, order: Path) -> int:
        """Wait until some process has come to the point, and stands still if that was the order; its pid."""
        self.await_(lambda: armed.taken(order), f"order {order.name}")
        pid = armed.taken(order) or 0
        if armed.text(order) == "stop":
            # It takes the order first and stops then; woken in between, it would sleep for ever.
            self.await_(lambda: armed.stands_still(pid), f"process {pid} to stand still")
        return pid

    def await_ended(self, ids: Sequence[UUID], patience_s: float = PATIENCE_S) -> None:
        """Wait until these videos have ended."""
        self.await_(lambda: self.ended(ids) == len(ids), "the end of all videos", patience_s)

    @contextmanager
    def more_workers(self, queue: str, number: int) -> Iterator[None]:
        """Add workers of this queue, and stop them in order when the context ends."""
        added = [
            replace(child, name=f"{child.name}-more", command=tuple(renamed(part, "more-") for part in child.command))
            for child in children(self.settings, workers={queue: number}, dispatchers=0)
            if child.name.startswith(queue)
        ]
        supervisor = Supervisor(added, environment=self.environment, logs=self.logs, embedded=None)
        try:
            supervisor.start()
            pids = set(supervisor.pids().values())
            self.await_(lambda: pids <= self._present(), f"{number} more workers of {queue}")
            yield
        finally:
            supervisor.stop()

    def ended(self, ids: Sequence[UUID]) -> int:
        """How many of these have ended."""
        return self.number(
            "SELECT count(*) FROM reelmill.videos WHERE id = ANY (%s) AND finished_at IS NOT NULL", list(ids)
        )

    @persist
    def rows(self, query: LiteralString, *values: Any) -> list[tuple[Any, ...]]:
        """Ask the database itself."""
        with self.pool.connection() as connection:
            return connection.execute(query, values).fetchall()

    def number(self, query: LiteralString, *values: Any) -> int:
        """The one number that the query gives."""
        [[number]] = self.rows(query, *values)
        return int(number)

    def started(self, tenant: str) -> int:
        """How many of the tenant's videos a worker has begun with."""
        return self.number(
            "SELECT count(*) FROM reelmill.stage_runs AS s JOIN reelmill.videos AS v ON v.id = s.video_id "
            "WHERE v.tenant = %s AND s.stage = 'transcode'",
            tenant,
        )

    def waiting_for(self, what: str) -> int:
        """How many videos say that they wait for this."""
        return self.number("SELECT count(*) FROM reelmill.videos WHERE waiting_for = %s AND finished_at IS NULL", what)

    def send_copy(self, video: UUID, stage: Stage) -> None:
        """Publish once more the message of the video's present ring that asks for this stage."""
        [[written]] = self.rows("SELECT links FROM reelmill.rings WHERE video_id = %s", video)
        links = [Link(Stage(link["stage"]), link["task_id"], link["queue"]) for link in written]
        first = [link.stage for link in links].index(stage)
        app = Celery("copies", broker=self.servers.broker_url, set_as_current=False)
        app.conf.update(celery_config(self.servers.broker_url, stage_limit_s=60))
        with app:
            pipeline.send(app, Ring(video, tuple(links[first:])))

    def log_of(self, child: str) -> str:
        """What a child has logged."""
        return (self.logs / f"{child}.log").read_text()

    def states(self, ids: Sequence[UUID]) -> list[str]:
        """The videos' states, in the order of the ids."""
        states = dict(self.rows("SELECT id, state FROM reelmill.videos WHERE id = ANY (%s)", list(ids)))
        return [states[video] for video in ids]

    def errors(self, ids: Sequence[UUID]) -> list[str | None]:
        """The classes of the errors that the runs of these videos met, as the triggers saw them."""
        rows = self.rows(
            "SELECT detail FROM audit.effects WHERE video_id = ANY (%s) AND detail IS NOT NULL "
            "AND kind IN ('run waiting', 'run failed') ORDER BY id",
            list(ids),
        )
        return [detail for (detail,) in rows]

    def broken_promises(self) -> list[str]:
        """What the tally holds against the mill: every list must be empty when all accepted videos have ended."""
        with self.pool.connection() as connection:
            broken = broken_promises(connection, self.accepted, self.settings.data_dir)
        return [
            *broken,
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
        return len(served) >= 4 and pids <= self._present()

    def _present(self) -> set[int]:
        return {int(process.name.rpartition(":")[2]) for process in self.ledger.processes.alive()}

    @property
    def logs(self) -> Path:
        """Where the children's logs are."""
        return self.settings.data_dir / "logs"

    def _incoming(self) -> list[Path]:
        folder = self.settings.data_dir / "blobs" / ".incoming"
        return list(folder.iterdir()) if folder.exists() else []

    def _unowned(self) -> list[Path]:
        owned = {key for (key,) in self.rows("SELECT blob_key FROM reelmill.proxies")}
        blobs = self.settings.data_dir / "blobs"
        # A video that failed may leave what its last attempt stored.
        failed = {str(video) for (video,) in self.rows("SELECT id FROM reelmill.videos WHERE state = 'failed'")}
        return [
            path
            for path in blobs.glob("[!.]*/*")
            if str(path.relative_to(blobs)) not in owned and path.parent.name not in failed
        ]


def _lives(group: int) -> bool:
    """Whether any process of the group is left."""
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True


def _patiently(met: Callable[[], object]) -> object:
    """Ask, and take a server that is away for a no."""
    try:
        return met()
    except (psycopg.OperationalError, PoolTimeout, RedisError):
        return None


@contextmanager
def fleet(
    folder: Path,
    *,
    workers: Mapping[str, int] | None = None,
    dispatchers: int = 1,
    told: Mapping[str, Mapping[str, str]] | None = None,
    lease_s: float = LEASE_S,
    ring_wait_s: float = RING_WAIT_S,
) -> Iterator[Fleet]:
    """Start one: one worker for each queue, or as many as `workers` says; `told` is extra environment by child."""
    embedded = Embedded(folder)
    try:
        servers = embedded.start()
        with (
            proxied(servers.broker_url) as (broker, broker_url),
            proxied(servers.database_url) as (database, database_url),
        ):
            seen = Servers(database_url, broker_url)
            settings = Settings(
                data_dir=folder, toolbox="tests.faults.toolbox:toolbox", lease_s=lease_s, ring_wait_s=ring_wait_s
            )
            orders, clips, logs = folder / "orders", folder / "clips", folder / "logs"
            for needed in (orders, clips, logs):
                needed.mkdir(exist_ok=True)
            boot.prepare(settings, servers.database_url)
            made = children(settings, workers=workers or {}, dispatchers=dispatchers)
            told_all = environment(settings, seen) | told_by_tests(settings, orders)
            supervisor = Supervisor(
                [replace(each, environment={**each.environment, **(told or {}).get(each.name, {})}) for each in made],
                environment=told_all,
                logs=logs,
                embedded=embedded,
            )
            with (
                open_pool(servers.database_url, size=4, name="tally") as pool,
                Redis.from_url(servers.broker_url, decode_responses=True) as redis,
            ):
                with pool.connection() as connection:
                    watch(connection)
                ledger = open_ledger(pool, lease_s=lease_s, ring_wait_s=ring_wait_s)
                made_fleet = Fleet(
                    settings,
                    servers,
                    supervisor,
                    told_all,
                    broker,
                    database,
                    ledger,
                    pool,
                    redis,
                    orders,
                    clips,
                    tuple(child.name for child in made),
                )
                try:
                    supervisor.start()
                    made_fleet.await_(made_fleet.workers_up, "all workers")
                    yield made_fleet
                finally:
                    groups = [pid for name, pid in supervisor.pids().items() if name not in PROGRAMS]
                    supervisor.stop()
                    assert not any(map(_lives, groups)), "processes left"
    finally:
        embedded.stop()
