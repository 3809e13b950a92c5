"""Why a video waits."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from uuid import UUID

import pytest

from reelmill.errors import Retryable, UnreadableMedia
from reelmill.ledger import Ledger, waits
from reelmill.ledger.lease import Lease
from reelmill.ledger.pool import Pool
from reelmill.ledger.rings import Ring
from reelmill.video import Stage

pytestmark = pytest.mark.services

Add = Callable[..., UUID]
RingUp = Callable[..., Ring]
Claim = Callable[..., Lease]


def of(ledger: Ledger, video_id: UUID) -> dict[str, Any]:
    found = ledger.waits.of(video_id)
    assert found
    return found


def test_a_new_video_waits_for_a_worker_and_a_dispatcher_until_they_are_alive(ledger: Ledger, add: Add) -> None:
    video_id = add()
    found = of(ledger, video_id)
    assert (found["stage"], found["queue"], found["lease"], found["retry_at"]) == ("transcode", None, None, None)
    assert (found["worker_alive"], found["dispatcher_alive"]) == (False, False)
    ledger.processes.beat("w", "worker", ["gpu.0a1b2c3d"])  # Any queue of the stage will do.
    ledger.processes.beat("d", "dispatcher")
    found = of(ledger, video_id)
    assert (found["worker_alive"], found["dispatcher_alive"]) == (True, True)


def test_its_place_in_line_counts_its_own_tenants_more_urgent_and_older_videos(ledger: Ledger, add: Add) -> None:
    older, urgent, last = add(), add(priority=5), add()
    add(tenant="other", priority=9)
    assert [of(ledger, video_id)["ahead"] for video_id in (urgent, older, last)] == [0, 1, 2]


def test_a_more_urgent_video_whose_time_has_not_come_goes_before_nobody(ledger: Ledger, pool: Pool, add: Add) -> None:
    urgent, plain = add(priority=5), add()
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET next_at = now() + interval '1 hour' WHERE id = %s", [urgent])
    assert of(ledger, plain)["ahead"] == 0


@pytest.mark.parametrize(("limit", "ahead", "exact"), [(3, 3, True), (2, 2, False)])
def test_a_long_line_is_counted_up_to_a_limit(
    ledger: Ledger, add: Add, monkeypatch: pytest.MonkeyPatch, limit: int, ahead: int, exact: bool
) -> None:
    monkeypatch.setattr(waits, "LONGEST_LINE", limit)
    add(priority=1)
    last = [add() for _ in range(3)][-1]
    found = of(ledger, last)
    assert (found["ahead"], found["ahead_exact"]) == (ahead, exact)


def test_a_message_that_was_sent_waits_behind_the_unclaimed_ones_of_its_queue(
    ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    first, second, third = (ring(add()) for _ in range(3))
    assert [of(ledger, each.video_id)["ahead"] for each in (first, second, third)] == [0, 1, 2]
    claim(first, Stage.TRANSCODE)
    found = of(ledger, third.video_id)
    assert (found["queue"], found["ahead"]) == ("q.transcode", 1)


def test_a_stage_under_way_shows_its_lease_and_no_line(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    rung = ring(add())
    claim(rung, Stage.TRANSCODE)
    found = of(ledger, rung.video_id)
    assert found["lease"]["worker"] == "w1"
    assert found["lease"]["until"] is not None
    assert found["ahead"] is None


def test_a_failed_attempt_shows_when_the_next_may_begin(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    rung = ring(add())
    ledger.runs.end(claim(rung, Stage.TRANSCODE), Retryable())
    assert of(ledger, rung.video_id)["retry_at"] is not None


def test_the_paused_lanes_of_its_stage_are_shown_and_no_others(ledger: Ledger, add: Add) -> None:
    video_id = add()
    for queue in ("cpu", "index"):
        ledger.lanes.pause(queue, 60, "full")
    [lane] = of(ledger, video_id)["paused"]
    assert (lane["queue"], lane["reason"]) == ("cpu", "full")


def test_once_sent_only_its_own_queue_matters(ledger: Ledger, add: Add, ring: RingUp) -> None:
    rung = ring(add())
    ledger.lanes.pause("cpu", 60, "full")
    ledger.lanes.pause("q.transcode", 60, "mine")
    ledger.processes.beat("w", "worker", ["cpu"])
    found = of(ledger, rung.video_id)
    assert [lane["reason"] for lane in found["paused"]] == ["mine"]
    assert not found["worker_alive"]


def test_a_video_that_has_ended_waits_for_nothing(ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    rung = ring(add())
    ledger.runs.end(claim(rung, Stage.TRANSCODE), UnreadableMedia())
    assert ledger.waits.of(rung.video_id) is None
