"""A stage's version is raised: what is missing then, and where videos go back to."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import pytest

from reelmill.doctor import mill
from reelmill.errors import Stalled, UnreadableMedia
from reelmill.ledger import Ledger
from reelmill.ledger.lease import Lease
from reelmill.ledger.pool import Pool
from reelmill.ledger.retention import Retention
from reelmill.ledger.rings import Ring, Rings
from reelmill.ledger.waits import Waits
from reelmill.video import STAGE_VERSION, Stage, StageResult, State

pytestmark = pytest.mark.services

Add = Callable[..., UUID]
RingUp = Callable[..., Ring]
Claim = Callable[..., Lease]
Raise = Callable[[Stage], None]


@pytest.fixture
def raised(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Raises a stage's version by one, as an upgrade does."""
    return lambda stage: monkeypatch.setitem(STAGE_VERSION, stage, STAGE_VERSION[stage] + 1)


@pytest.fixture
def taken_back(monkeypatch: pytest.MonkeyPatch) -> Raise:
    """Lowers a stage's version by one, as the rollback of that upgrade does."""
    return lambda stage: monkeypatch.setitem(STAGE_VERSION, stage, STAGE_VERSION[stage] - 1)


@pytest.fixture
def indexed(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> UUID:
    """A video that has passed all stages."""
    rung = ring(add())
    for stage in Stage:
        ledger.runs.commit(claim(rung, stage), StageResult())
    return rung.video_id


def state(ledger: Ledger, video_id: UUID) -> State:
    video = ledger.videos.get(video_id)
    assert video
    return video.state


def make_old(pool: Pool) -> None:
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET finished_at = finished_at - interval '91 days'")


def test_nothing_is_outdated_until_a_version_is_raised(ledger: Ledger, indexed: UUID) -> None:
    assert ledger.videos.retry_outdated() == 0
    assert state(ledger, indexed) is State.INDEXED


def test_an_outdated_video_goes_back_to_the_first_outdated_stage(ledger: Ledger, indexed: UUID, raised: Raise) -> None:
    raised(Stage.DESCRIBE)
    assert ledger.videos.retry_outdated() == 1
    assert state(ledger, indexed) is State.TRANSCODED


def test_only_the_outdated_stages_are_missing(ledger: Ledger, rings: Rings, indexed: UUID, raised: Raise) -> None:
    raised(Stage.DESCRIBE)
    raised(Stage.INDEX)
    assert rings.missing([indexed]) == {indexed: (Stage.DESCRIBE, Stage.INDEX)}


def test_a_video_is_indexed_again_once_nothing_is_missing(
    ledger: Ledger, rings: Rings, indexed: UUID, raised: Raise, ring: RingUp, claim: Claim
) -> None:
    raised(Stage.TRANSCODE)
    ledger.videos.retry_outdated()
    ledger.runs.commit(claim(ring(indexed, (Stage.TRANSCODE,)), Stage.TRANSCODE), StageResult())
    assert state(ledger, indexed) is State.INDEXED
    assert rings.in_flight() == {}
    assert (ledger.status.video(indexed) or {})["finished_at"]


def test_a_ring_ends_when_nothing_is_missing_though_it_has_more_links(
    ledger: Ledger, rings: Rings, indexed: UUID, raised: Raise, ring: RingUp, claim: Claim
) -> None:
    raised(Stage.EMBED)
    ledger.videos.retry_outdated()
    ledger.runs.commit(claim(ring(indexed, (Stage.EMBED, Stage.INDEX)), Stage.EMBED), StageResult())
    assert rings.in_flight() == {}
    assert state(ledger, indexed) is State.INDEXED


def test_a_video_under_way_when_a_version_is_raised_does_not_end_before_that_stage_is_done(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim, raised: Raise
) -> None:
    rung = ring(add())
    ledger.runs.commit(claim(rung, Stage.TRANSCODE), StageResult())
    raised(Stage.TRANSCODE)
    for stage in (Stage.DESCRIBE, Stage.EMBED, Stage.INDEX):
        ledger.runs.commit(claim(rung, stage), StageResult())
    assert state(ledger, rung.video_id) is State.QUEUED
    ledger.runs.commit(claim(ring(rung.video_id, (Stage.TRANSCODE,)), Stage.TRANSCODE), StageResult())
    assert state(ledger, rung.video_id) is State.INDEXED


def test_a_waiting_video_with_nothing_missing_is_indexed(
    ledger: Ledger, rings: Rings, pool: Pool, indexed: UUID
) -> None:
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET state = 'embedded', finished_at = NULL")
    rings.settle([indexed])
    assert state(ledger, indexed) is State.INDEXED
    assert ledger.status.counts()["indexed"] == 1


def test_a_waiting_video_that_is_indexed_after_a_failed_try_bears_no_error(
    ledger: Ledger, rings: Rings, indexed: UUID, raised: Raise, taken_back: Raise, ring: RingUp, claim: Claim
) -> None:
    raised(Stage.EMBED)
    ledger.videos.retry_outdated()
    ledger.runs.end(claim(ring(indexed, (Stage.EMBED,)), Stage.EMBED), Stalled())
    taken_back(Stage.EMBED)
    rings.settle([indexed])
    found = ledger.status.video(indexed) or {}
    assert (found["state"], found["error"], found["waiting_for"]) == ("indexed", None, None)


def test_a_video_that_failed_in_a_version_taken_back_since_is_indexed_when_it_is_retried(
    ledger: Ledger,
    rings: Rings,
    pool: Pool,
    indexed: UUID,
    raised: Raise,
    taken_back: Raise,
    ring: RingUp,
    claim: Claim,
) -> None:
    raised(Stage.EMBED)
    ledger.videos.retry_outdated()
    ledger.runs.end(claim(ring(indexed, (Stage.EMBED,)), Stage.EMBED), UnreadableMedia())
    taken_back(Stage.EMBED)
    assert ledger.videos.retry() == 1
    found = ledger.status.video(indexed) or {}
    assert (found["state"], found["error"], found["waiting_for"]) == ("indexed", None, None)
    assert found["finished_at"]
    assert Waits(pool).of(indexed) is None
    assert [check.ok for check in mill.checks(rings.connection)].count(False) == 0


def test_many_batches_send_every_outdated_video_back(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim, raised: Raise, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("reelmill.ledger.videos.OUTDATED_BATCH", 2)
    for _ in range(5):
        rung = ring(add())
        for stage in Stage:
            ledger.runs.commit(claim(rung, stage), StageResult())
    raised(Stage.EMBED)
    assert ledger.videos.retry_outdated() == 5
    assert ledger.status.counts()["described"] == 5


def test_a_pruned_video_is_done_in_the_versions_it_was_done_in(
    ledger: Ledger, pool: Pool, rings: Rings, indexed: UUID, raised: Raise
) -> None:
    make_old(pool)
    assert Retention(pool, keep_days=90).prune() == 1
    assert ledger.videos.retry_outdated() == 0
    raised(Stage.EMBED)
    assert ledger.videos.retry_outdated() == 1
    assert rings.missing([indexed]) == {indexed: (Stage.EMBED,)}


def test_a_pruned_video_that_was_done_again_is_pruned_again_and_keeps_all_its_versions(
    ledger: Ledger, pool: Pool, rings: Rings, indexed: UUID, raised: Raise, ring: RingUp, claim: Claim
) -> None:
    retention = Retention(pool, keep_days=90)
    make_old(pool)
    retention.prune()
    raised(Stage.EMBED)
    ledger.videos.retry_outdated()
    ledger.runs.commit(claim(ring(indexed, (Stage.EMBED,)), Stage.EMBED), StageResult())
    make_old(pool)
    assert retention.prune() == 1
    assert rings.missing([indexed]) == {indexed: ()}


def test_a_pruned_failure_is_retried_from_where_it_failed(
    ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add())
    ledger.runs.commit(claim(rung, Stage.TRANSCODE), StageResult())
    ledger.runs.end(claim(rung, Stage.DESCRIBE), UnreadableMedia())
    make_old(pool)
    Retention(pool, keep_days=90).prune()
    assert ledger.videos.retry() == 1
    assert state(ledger, rung.video_id) is State.TRANSCODED
    assert claim(ring(rung.video_id, (Stage.DESCRIBE,)), Stage.DESCRIBE).attempt == 1


def test_a_pruned_failure_whose_bytes_another_took_starts_again(
    ledger: Ledger, pool: Pool, rings: Rings, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add())
    lease = claim(rung, Stage.TRANSCODE)
    ledger.runs.own_content(lease, "c0ffee")
    ledger.runs.commit(lease, StageResult())
    ledger.runs.end(claim(rung, Stage.DESCRIBE), UnreadableMedia())
    make_old(pool)
    Retention(pool, keep_days=90).prune()
    ledger.runs.own_content(claim(ring(add()), Stage.TRANSCODE), "c0ffee")
    ledger.videos.retry([rung.video_id])
    assert state(ledger, rung.video_id) is State.QUEUED
    assert rings.missing([rung.video_id])[rung.video_id][0] is Stage.TRANSCODE
