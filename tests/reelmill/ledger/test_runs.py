"""Claims, leases and the fence."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmill.errors import (
    Blocked,
    Busy,
    DiskFull,
    Duplicate,
    LeaseLost,
    Retryable,
    StageError,
    Stalled,
    UnreadableMedia,
    WorkerLost,
)
from reelmill.ledger import Ledger
from reelmill.ledger.lease import Lease, Refusal
from reelmill.ledger.pool import Pool
from reelmill.ledger.rings import Ring, Rings
from reelmill.ledger.runs import LONGEST_BACKOFF_S, backoff_s
from reelmill.video import Description, Stage, StageResult, State

pytestmark = pytest.mark.services

Add = Callable[..., UUID]
RingUp = Callable[..., Ring]
Claim = Callable[..., Lease]


def again(ledger: Ledger, ring: Ring, stage: Stage) -> Lease | Refusal:
    return ledger.runs.claim(
        ring.video_id,
        stage,
        task_id=next(link.task_id for link in ring.links if link.stage is stage),
        worker="w2",
        device="cpu",
    )


def expire(pool: Pool, lease: Lease) -> None:
    with pool.connection() as connection:
        connection.execute(
            "UPDATE reelmill.stage_runs SET lease_until = now() - interval '1 s' WHERE video_id = %s", [lease.video_id]
        )


def state(ledger: Ledger, video_id: UUID) -> State:
    video = ledger.videos.get(video_id)
    assert video
    return video.state


def test_a_message_of_the_present_ring_gets_the_lease(add: Add, ring: RingUp, claim: Claim) -> None:
    lease = claim(ring(add()), Stage.TRANSCODE)
    assert (lease.attempt, lease.token) == (1, 1)
    assert lease.next_link
    assert lease.next_link.stage is Stage.DESCRIBE


def test_a_message_of_no_ring_is_refused_as_stale(ledger: Ledger, add: Add, ring: RingUp) -> None:
    video_id = add()
    ring(video_id)
    refused = ledger.runs.claim(video_id, Stage.TRANSCODE, task_id=str(uuid4()), worker="w", device="cpu")
    assert refused is Refusal.STALE


def test_a_message_of_a_replaced_ring_is_refused(
    ledger: Ledger, rings: Rings, add: Add, ring: RingUp, claim: Claim
) -> None:
    old = ring(add())
    rings.withdraw([old])
    new = ring(old.video_id)
    assert again(ledger, old, Stage.TRANSCODE) is Refusal.STALE
    claim(new, Stage.TRANSCODE)


def test_a_copy_that_finds_a_live_lease_is_refused(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    rung = ring(add())
    claim(rung, Stage.TRANSCODE)
    assert again(ledger, rung, Stage.TRANSCODE) is Refusal.HELD


def test_one_of_many_simultaneous_copies_gets_the_lease(ledger: Ledger, add: Add, ring: RingUp) -> None:
    rung = ring(add())
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda _: again(ledger, rung, Stage.TRANSCODE), range(16)))
    assert sum(isinstance(answer, Lease) for answer in answers) == 1
    assert set(answers) - {a for a in answers if isinstance(a, Lease)} == {Refusal.HELD}


def test_a_current_message_that_finds_its_stage_done_passes_on(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add())
    ledger.runs.commit(claim(rung, Stage.TRANSCODE), StageResult())
    assert again(ledger, rung, Stage.TRANSCODE) is Refusal.DONE


def test_an_expired_lease_is_still_held_until_the_dispatcher_ends_it(
    ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add())
    expire(pool, claim(rung, Stage.TRANSCODE))
    assert again(ledger, rung, Stage.TRANSCODE) is Refusal.HELD


def test_each_claim_has_a_higher_token(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    first = claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.end(first, Busy("wait", retry_after_s=0))
    second = claim(ring(first.video_id), Stage.TRANSCODE)
    assert second.token > first.token


def test_a_commit_moves_the_video_on(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    rung = ring(add())
    for stage in Stage:
        ledger.runs.commit(claim(rung, stage), StageResult())
    assert state(ledger, rung.video_id) is State.INDEXED


def test_a_commit_with_an_old_token_changes_nothing_and_says_so(
    ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    zombie = claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.end(zombie, WorkerLost())
    make_due(pool)
    current = claim(ring(zombie.video_id), Stage.TRANSCODE)
    with pytest.raises(LeaseLost):
        ledger.runs.commit(zombie, StageResult(facts={"by": "zombie"}))
    assert state(ledger, zombie.video_id) is State.QUEUED
    ledger.runs.commit(current, StageResult(facts={"by": "current"}))
    [run] = (ledger.status.video(zombie.video_id) or {})["stages"]
    assert run["facts"] == {"by": "current"}


def test_a_failure_with_an_old_token_changes_nothing_and_says_so(
    ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    zombie = claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.end(zombie, WorkerLost())
    make_due(pool)
    current = claim(ring(zombie.video_id), Stage.TRANSCODE)
    with pytest.raises(LeaseLost):
        ledger.runs.end(zombie, UnreadableMedia())
    ledger.runs.commit(current, StageResult())
    assert state(ledger, zombie.video_id) is State.TRANSCODED


def test_a_commit_after_the_dispatcher_ended_the_lease_is_refused(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    zombie = claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.end(zombie, WorkerLost())
    with pytest.raises(LeaseLost):
        ledger.runs.commit(zombie, StageResult())


def test_a_commit_whose_answer_was_lost_can_be_repeated(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    lease = claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.commit(lease, StageResult())
    ledger.runs.commit(lease, StageResult())
    assert state(ledger, lease.video_id) is State.TRANSCODED


def test_a_result_is_written_whole_or_not_at_all(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    rung = ring(add())
    ledger.runs.commit(claim(rung, Stage.TRANSCODE), StageResult())
    lease = claim(rung, Stage.DESCRIBE)
    described = Description(title="A cat", genres=(), description="", tags=())

    def fail(_: object) -> None:
        raise RuntimeError("the disk is on fire")

    with pytest.raises(RuntimeError):
        ledger.runs.commit(lease, StageResult(description=described, within=fail))
    with pytest.raises(LookupError):
        ledger.results.description(rung.video_id)
    assert state(ledger, rung.video_id) is State.TRANSCODED
    ledger.runs.commit(lease, StageResult(description=described))
    assert ledger.results.description(rung.video_id) == described


def test_renewing_tells_which_leases_are_lost(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    kept, lost = claim(ring(add()), Stage.TRANSCODE), claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.end(lost, WorkerLost())
    assert ledger.runs.renew([kept, lost]) == {lost}


def test_only_leases_that_ran_out_are_expired(ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim) -> None:
    claim(ring(add()), Stage.TRANSCODE)
    late = claim(ring(add()), Stage.TRANSCODE)
    expire(pool, late)
    assert [(lease.video_id, lease.token) for lease in ledger.runs.expired()] == [(late.video_id, late.token)]


def test_the_evidence_of_another_error_is_not_taken_for_a_lost_worker(
    ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    video_id = add()
    ledger.runs.end(claim(ring(video_id), Stage.TRANSCODE), Stalled(evidence="ffmpeg's last words"))
    make_due(pool)
    expire(pool, claim(ring(video_id), Stage.TRANSCODE))
    [lost] = ledger.runs.expired()
    assert lost.losses.startswith("attempt 2: w1 on cpu, began ")
    assert len(lost.losses.splitlines()) == 1


def test_a_retryable_error_leaves_the_video_waiting_with_its_reason(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    lease = claim(ring(add()), Stage.TRANSCODE)
    assert ledger.runs.end(lease, Stalled("No progress for 60 s.", evidence="frame=1")) is None
    shown = ledger.status.video(lease.video_id) or {}
    assert shown["waiting_for"] == "another try at transcode after Stalled"
    assert shown["stages"][0]["error"] == {
        "class": "Stalled",
        "message": "No progress for 60 s.",
        "evidence": "frame=1",
    }


def make_due(pool: Pool) -> None:
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET next_at = now()")


def test_attempts_are_bounded_for_each_error_class(
    ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    video_id = add()
    for attempt in range(1, WorkerLost.max_attempts + 1):
        lease = claim(ring(video_id), Stage.TRANSCODE)
        assert lease.attempt == attempt
        ended = ledger.runs.end(lease, WorkerLost())
    assert ended is State.FAILED
    shown = ledger.status.video(video_id) or {}
    assert shown["error"]["class"] == "WorkerLost"


def test_busy_counts_no_attempt_however_often(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    video_id = add()
    for _ in range(20):
        lease = claim(ring(video_id), Stage.TRANSCODE)
        assert lease.attempt == 1
        assert ledger.runs.end(lease, Busy("No permit.", retry_after_s=0)) is None


@pytest.mark.parametrize(
    ("error", "expected"), [(UnreadableMedia(), State.FAILED), (Blocked(), State.BLOCKED)], ids=["rejected", "blocked"]
)
def test_a_final_error_ends_the_video(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim, error: StageError, expected: State
) -> None:
    lease = claim(ring(add()), Stage.TRANSCODE)
    assert ledger.runs.end(lease, error) is expected
    assert state(ledger, lease.video_id) is expected


def test_the_same_bytes_end_as_a_duplicate_that_names_the_first(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    first, second = claim(ring(add()), Stage.TRANSCODE), claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.own_content(first, "c0ffee")
    ledger.runs.own_content(first, "c0ffee")  # Its own bytes are no duplicate, on a second attempt for instance.
    with pytest.raises(Duplicate) as raised:
        ledger.runs.own_content(second, "c0ffee")
    assert ledger.runs.end(second, raised.value) is State.DUPLICATE
    assert (ledger.status.video(second.video_id) or {})["duplicate_of"] == first.video_id


def test_the_same_bytes_in_another_tenant_are_no_duplicate(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    ledger.runs.own_content(claim(ring(add(tenant="a")), Stage.TRANSCODE), "c0ffee")
    ledger.runs.own_content(claim(ring(add(tenant="b")), Stage.TRANSCODE), "c0ffee")


def test_a_failed_video_gives_its_bytes_up(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    first, second = claim(ring(add()), Stage.TRANSCODE), claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.own_content(first, "c0ffee")
    ledger.runs.end(first, UnreadableMedia())
    ledger.runs.own_content(second, "c0ffee")


def test_a_duplicate_gives_up_the_bytes_it_had_before_its_file_changed(
    ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    original, changed = claim(ring(add()), Stage.TRANSCODE), claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.own_content(original, "c0ffee")
    ledger.runs.own_content(changed, "decaf")
    with pytest.raises(Duplicate) as raised:
        ledger.runs.own_content(changed, "c0ffee")
    ledger.runs.end(changed, raised.value)
    ledger.runs.own_content(claim(ring(add()), Stage.TRANSCODE), "decaf")


def test_a_failed_video_whose_bytes_another_took_starts_again_as_a_possible_duplicate(
    ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add())
    lease = claim(rung, Stage.TRANSCODE)
    ledger.runs.own_content(lease, "c0ffee")
    ledger.runs.commit(lease, StageResult())
    ledger.runs.end(claim(rung, Stage.DESCRIBE), UnreadableMedia())
    ledger.runs.own_content(claim(ring(add()), Stage.TRANSCODE), "c0ffee")
    assert ledger.videos.retry([rung.video_id]) == 1
    with pytest.raises(Duplicate):
        ledger.runs.own_content(claim(ring(rung.video_id), Stage.TRANSCODE), "c0ffee")


def test_retrying_twice_at_once_retries_once(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    for _ in range(20):
        ledger.runs.end(claim(ring(add()), Stage.TRANSCODE), UnreadableMedia())
    with ThreadPoolExecutor(4) as threads:
        assert sum(threads.map(lambda _: ledger.videos.retry(), range(4))) == 20


def test_retrying_none_in_particular_is_not_retrying_all(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    ledger.runs.end(claim(ring(add()), Stage.TRANSCODE), UnreadableMedia())
    assert ledger.videos.retry([]) == 0


def test_bytes_that_no_database_takes_do_not_hide_the_reason(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    lease = claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.end(lease, UnreadableMedia("title: \x00\ud800", evidence="\x00"))
    assert (ledger.status.video(lease.video_id) or {})["error"]["message"] == "title: \ufffd?"


def test_a_lost_lease_takes_no_bytes(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    lost = claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.end(lost, WorkerLost())
    with pytest.raises(LeaseLost):
        ledger.runs.own_content(lost, "c0ffee")


def test_retry_gives_failed_videos_fresh_attempts_from_where_they_failed(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add())
    ledger.runs.commit(claim(rung, Stage.TRANSCODE), StageResult())
    ledger.runs.end(claim(rung, Stage.DESCRIBE), UnreadableMedia())
    assert ledger.videos.retry(error_class="Stalled") == 0
    assert ledger.videos.retry(error_class="UnreadableMedia") == 1
    assert state(ledger, rung.video_id) is State.TRANSCODED
    assert claim(ring(rung.video_id, (Stage.DESCRIBE,)), Stage.DESCRIBE).attempt == 1


@given(attempt=st.integers(1, 12), error=st.sampled_from([Retryable(), Stalled(), WorkerLost(), DiskFull()]))
def test_backoff_doubles_with_jitter_and_is_bounded(attempt: int, error: Retryable) -> None:
    wait_s = backoff_s(error, attempt)
    if attempt >= error.max_attempts:
        assert wait_s is None
    else:
        mean_s = min(error.backoff_s * 2 ** (attempt - 1), LONGEST_BACKOFF_S)
        assert wait_s is not None
        assert 0.5 * mean_s <= wait_s <= 1.5 * mean_s


def test_a_video_that_ends_has_no_ring_even_if_its_worker_died_while_the_ring_was_replaced(
    ledger: Ledger, rings: Rings, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    first = ring(add())
    orphaned = claim(first, Stage.TRANSCODE)
    with pool.connection() as connection:  # What a claim leaves whose worker died before it could give it back.
        connection.execute("DELETE FROM reelmill.rings WHERE video_id = %s", [first.video_id])
        connection.execute("UPDATE reelmill.videos SET ring_id = NULL WHERE id = %s", [first.video_id])
    ring(first.video_id)
    ledger.runs.end(orphaned, UnreadableMedia())
    assert rings.in_flight() == {}
    assert ledger.videos.retry([first.video_id]) == 1
    claim(ring(first.video_id), Stage.TRANSCODE)
