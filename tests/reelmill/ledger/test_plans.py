"""What the real statements read of a ledger of some size, by PostgreSQL's own counters: few rows, through indexes.

The counters see what a plan only promises, and they see into functions and foreign keys.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg import sql

from reelmill.doctor import mill
from reelmill.errors import Stalled
from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.consumers import consumers
from reelmill.ledger.lease import Lease, Link
from reelmill.ledger.pool import Pool, open_pool
from reelmill.ledger.retention import BATCH, Retention
from reelmill.ledger.rings import Ring, Rings
from reelmill.ledger.videos import OUTDATED_BATCH, Videos
from reelmill.video import NEXT_STAGE, Stage, StageResult, State

pytestmark = pytest.mark.services

TENANTS, LIMIT, FEW = 5, 32, 1000
"""Rows read: 1,000 is few of 26,000 videos and 24,000 stage runs, and room for the tenants' turns."""

FILL = """
INSERT INTO reelmill.videos (tenant, source, priority)
SELECT 'due-' || n % 5, '/' || gen_random_uuid(), n % 3 FROM generate_series(1, 10000) AS n;
INSERT INTO reelmill.videos (tenant, source, next_at)
SELECT 'later', '/' || gen_random_uuid(), now() + interval '1 hour' FROM generate_series(1, 10000) AS n;
INSERT INTO reelmill.videos (source, state, finished_at, waiting_for)
SELECT '/' || gen_random_uuid(), CASE n % 60 WHEN 0 THEN 'failed' ELSE 'indexed' END,
       now() - interval '1 day' * (n % 100 + 1), NULL
FROM generate_series(1, 6000) AS n;
INSERT INTO reelmill.stage_runs (video_id, stage, version, state, started_at)
SELECT id, stage, 1, 'done', finished_at
FROM reelmill.videos, unnest(ARRAY['transcode', 'describe', 'embed', 'index']) AS stage WHERE finished_at IS NOT NULL
ORDER BY finished_at
"""


class Watched:
    """A ledger and the leader's rings, each on one connection, and an observer of what they read."""

    def __init__(self, pool: Pool, leader: psycopg.Connection, observer: psycopg.Connection) -> None:
        self.pool, self.observer = pool, observer
        self.ledger: Ledger = open_ledger(pool, lease_s=5.0, ring_wait_s=1.0)
        self.rings = Rings(leader, ring_wait_s=1.0)
        self.oldest = self._one("SELECT id FROM reelmill.videos ORDER BY id LIMIT 1")
        self.finished = self._one("SELECT id FROM reelmill.videos WHERE state = 'indexed' LIMIT 1")

    def reads_of(self, call: Callable[[Watched], object]) -> Counter[str]:
        """Rows that the call reads: of tables from end to end, through an index, and of indexes."""
        before = self._read()
        call(self)
        return self._read() - before

    def ring(self) -> Ring:
        links = tuple(Link(stage, str(uuid4()), f"q.{stage}") for stage in Stage)
        [started] = self.rings.start([Ring(self.oldest, links)])
        return started

    def claim(self, ring: Ring) -> Lease:
        task_id = ring.links[0].task_id
        lease = self.ledger.runs.claim(ring.video_id, Stage.TRANSCODE, task_id=task_id, worker="w", device="cpu")
        assert isinstance(lease, Lease)
        return lease

    def _read(self) -> Counter[str]:
        for connection in (self.rings.connection, self.observer):
            connection.execute("SELECT pg_stat_force_next_flush()")
        with self.pool.connection() as connection:
            connection.execute("SELECT pg_stat_force_next_flush()")
        rows = self.observer.execute(
            "SELECT relname || ' whole', coalesce(seq_tup_read, 0) FROM pg_stat_user_tables "
            "WHERE relname IN ('videos', 'stage_runs') UNION ALL "
            "SELECT relname || ' rows', coalesce(idx_tup_fetch, 0) FROM pg_stat_user_tables "
            "WHERE schemaname = 'reelmill' UNION ALL "
            "SELECT indexrelname, idx_tup_read FROM pg_stat_user_indexes WHERE schemaname = 'reelmill'"
        )
        return Counter(dict(rows.fetchall()))

    def _one(self, statement: bytes | str) -> UUID:
        row = self.observer.execute(str(statement).encode()).fetchone()
        assert row
        return UUID(str(row[0]))


@pytest.fixture(params=["force_custom_plan", "force_generic_plan"])
def watched(request: pytest.FixtureRequest, database_url: str) -> Iterator[Watched]:
    """A filled ledger; statements are planned for their values, or for none, as when they are run often."""
    with psycopg.connect(database_url, autocommit=True) as observer:
        observer.execute(FILL.encode())
        observer.execute("VACUUM ANALYZE")
        name = sql.Identifier(observer.info.dbname)
        observer.execute(sql.SQL("ALTER DATABASE {} SET plan_cache_mode = {}").format(name, request.param))
        with (
            open_pool(database_url, size=1, name="test") as pool,
            psycopg.connect(database_url, autocommit=True) as leader,
        ):
            yield Watched(pool, leader, observer)


def claim_and_end(watched: Watched) -> None:
    watched.ledger.runs.end(watched.claim(watched.ring()), Stalled())


def pass_through(watched: Watched) -> None:
    lease = watched.claim(watched.ring())
    watched.ledger.runs.renew([lease])
    watched.ledger.runs.own_content(lease, "c0ffee")
    watched.ledger.runs.expired()
    watched.ledger.runs.commit(lease, StageResult())


def ring_and_drop(watched: Watched) -> None:
    watched.ring()
    watched.rings.connection.execute("UPDATE reelmill.rings SET due_at = now() - interval '1 s'")
    watched.rings.drop_lost()
    watched.rings.in_flight()


def enqueue_twice(watched: Watched) -> None:
    assert watched.ledger.videos.enqueue("/new.mp4").created
    assert not watched.ledger.videos.enqueue("/new.mp4").created


def ask_who_consumes(watched: Watched) -> None:
    watched.ledger.processes.beat("w:1", "worker", ["q.transcode"])
    watched.claim(watched.ring())
    assert consumers(watched.observer)


def ask_who_consumes_while_a_message_waits(watched: Watched) -> None:
    watched.ring()
    watched.observer.execute("UPDATE reelmill.rings SET due_at = now(), ready_at = now() - interval '1 hour'")
    watched.ledger.processes.beat("w:1", "worker", ["q.transcode"])
    watched.observer.execute("UPDATE reelmill.processes SET started_at = now() - interval '1 hour'")
    [consumer] = consumers(watched.observer)
    assert consumer.silent


def examine(watched: Watched) -> None:
    watched.ledger.processes.beat("w:1", "worker", ["q.transcode"])
    watched.claim(watched.ring())
    assert "leases" in {check.name for check in mill.checks(watched.observer)}


FEW_ROWS: dict[str, Callable[[Watched], object]] = {
    "enqueue": enqueue_twice,
    "waiting": lambda w: [w.rings.waiting(state, limit=LIMIT) for state in NEXT_STAGE],
    "missing": lambda w: (w.rings.missing([w.oldest]), w.rings.settle([w.oldest])),
    "claim and commit": pass_through,
    "claim and end": claim_and_end,
    "start, drop lost, in flight": ring_and_drop,
    "newest videos": lambda w: w.ledger.status.videos(limit=100),
    "some videos": lambda w: w.ledger.status.videos(ids=[w.oldest], limit=1),
    "one video": lambda w: w.ledger.status.video(w.finished),
    "delete": lambda w: w.observer.execute("DELETE FROM reelmill.videos WHERE id = %s", [w.finished]),
    "retry": lambda w: w.ledger.videos.retry(error_class="Stalled"),
    "failures": lambda w: w.ledger.status.failures(),
    "consumers": ask_who_consumes,
    "retry one": lambda w: w.ledger.videos.retry([w.finished]),
}


@pytest.mark.parametrize("call", FEW_ROWS.values(), ids=FEW_ROWS.keys())
def test_few_rows_are_read_however_many_there_are(watched: Watched, call: Callable[[Watched], object]) -> None:
    read = watched.reads_of(call)
    assert read["videos whole"] == read["stage_runs whole"] == 0
    assert max(read.values()) <= FEW, read


def test_videos_whose_time_has_not_come_are_not_read(watched: Watched) -> None:
    read = watched.reads_of(lambda w: w.rings.waiting(State.QUEUED, limit=LIMIT))
    assert read["videos rows"] <= TENANTS * LIMIT


def test_counting_reads_indexes_alone(watched: Watched) -> None:
    read = watched.reads_of(lambda w: w.ledger.status.counts())
    assert read == {"videos_to_ring": 20_000, "videos_finished": 6_000}


def test_who_claimed_of_late_is_asked_of_an_index(watched: Watched) -> None:
    read = watched.reads_of(ask_who_consumes_while_a_message_waits)
    assert read["videos whole"] == read["stage_runs whole"] == 0


def test_doctor_reads_few_videos_and_of_those_that_wait_an_index(watched: Watched) -> None:
    read = watched.reads_of(examine)
    assert read["videos whole"] == read["stage_runs whole"] == 0
    assert max(rows for name, rows in read.items() if name != "videos_to_ring") <= FEW, read


def test_counts_are_those_of_all_videos(watched: Watched) -> None:
    watched.ring()
    assert watched.ledger.status.counts() == dict.fromkeys(State, 0) | {
        "queued": 20_000,
        "failed": 100,
        "indexed": 5_900,
    }


def test_a_batch_of_retention_reads_the_videos_it_prunes(watched: Watched) -> None:
    read = watched.reads_of(lambda w: Retention(w.pool, keep_days=90).prune())
    assert read["videos whole"] == read["stage_runs whole"] == 0
    assert max(read.values()) <= 2 * BATCH * len(Stage), read


def test_looking_for_outdated_videos_reads_each_once(watched: Watched) -> None:
    read = watched.reads_of(lambda w: Videos(w.pool).retry_outdated())
    assert read["videos whole"] == read["stage_runs whole"] == 0
    assert read["videos rows"] <= 26_000 + OUTDATED_BATCH


def test_the_updates_of_stage_runs_and_rings_are_heap_only(watched: Watched) -> None:
    watched.reads_of(pass_through)  # Ends with everybody's counters written down.
    updates = watched.observer.execute(
        "SELECT relname, n_tup_upd, n_tup_hot_upd FROM pg_stat_user_tables "
        "WHERE relname IN ('rings', 'stage_runs') ORDER BY relname"
    ).fetchall()
    assert updates == [("rings", 2, 2), ("stage_runs", 2, 2)]
