"""Retention: what is pruned, and when."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from reelmill.errors import UnreadableMedia
from reelmill.ledger import Ledger
from reelmill.ledger.lease import Lease
from reelmill.ledger.pool import Pool
from reelmill.ledger.retention import Retention
from reelmill.ledger.rings import Ring
from reelmill.video import Stage

pytestmark = pytest.mark.services

Add = Callable[..., UUID]
RingUp = Callable[..., Ring]
Claim = Callable[..., Lease]


@pytest.fixture
def ended(ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim) -> Callable[[int], UUID]:
    """A video that ended so many days ago, with one stage run."""

    def ended(days_ago: int) -> UUID:
        lease = claim(ring(add()), Stage.TRANSCODE)
        ledger.runs.end(lease, UnreadableMedia())
        with pool.connection() as connection:
            connection.execute(
                "UPDATE reelmill.videos SET finished_at = now() - make_interval(days => %s) WHERE id = %s",
                [days_ago, lease.video_id],
            )
        return lease.video_id

    return ended


def stage_runs(ledger: Ledger, video_id: UUID) -> int:
    return len((ledger.status.video(video_id) or {})["stages"])


def test_only_what_ended_long_ago_is_pruned(ledger: Ledger, pool: Pool, ended: Callable[[int], UUID]) -> None:
    old, recent = ended(91), ended(89)
    assert Retention(pool, keep_days=90).prune() == 1
    assert (stage_runs(ledger, old), stage_runs(ledger, recent)) == (0, 1)


def test_the_video_keeps_its_state_and_its_reason(ledger: Ledger, pool: Pool, ended: Callable[[int], UUID]) -> None:
    old = ended(91)
    Retention(pool, keep_days=90).prune()
    shown = ledger.status.video(old) or {}
    assert (shown["state"], shown["error"]["class"]) == ("failed", "UnreadableMedia")


def test_a_video_under_way_is_never_pruned(ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim) -> None:
    lease = claim(ring(add()), Stage.TRANSCODE)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET created_at = now() - interval '1 year'")
    assert Retention(pool, keep_days=1).prune() == 0
    assert stage_runs(ledger, lease.video_id) == 1


def test_zero_days_keep_everything(ledger: Ledger, pool: Pool, ended: Callable[[int], UUID]) -> None:
    old = ended(10_000)
    assert Retention(pool, keep_days=0).prune() == 0
    assert stage_runs(ledger, old) == 1


def test_a_video_that_somebody_holds_is_left_for_the_next_sweep(
    database_url: str, pool: Pool, ended: Callable[[int], UUID]
) -> None:
    held = ended(91)
    retention = Retention(pool, keep_days=90)
    with psycopg.connect(database_url) as somebody:
        somebody.execute("SELECT FROM reelmill.videos WHERE id = %s FOR UPDATE", [held])
        assert retention.prune() == 0
    assert retention.prune() == 1


def test_a_sweep_goes_on_while_batches_are_full_and_then_rests(
    pool: Pool, ended: Callable[[int], UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelmill.ledger.retention.BATCH", 2)
    for _ in range(3):
        ended(91)
    retention = Retention(pool, keep_days=90)
    assert [retention.tend(), retention.tend()] == [2, 1]
    ended(91)
    assert retention.tend() == 0


def test_a_sweep_that_fails_is_nobodys_trouble(pool: Pool, ended: Callable[[int], UUID]) -> None:
    ended(91)
    with pool.connection() as connection:
        connection.execute("ALTER TABLE reelmill.stage_runs RENAME TO hidden")
    assert Retention(pool, keep_days=90).tend() == 0


def test_processes_killed_long_ago_are_forgotten(ledger: Ledger, pool: Pool) -> None:
    ledger.processes.beat("alive", "worker")
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO reelmill.processes (name, kind, seen_at) "
            "VALUES ('killed', 'worker', now() - interval '2 days')"
        )
        Retention(pool, keep_days=90).prune()
        assert connection.execute("SELECT name FROM reelmill.processes").fetchall() == [("alive",)]
