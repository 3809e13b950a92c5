"""What stands still is named, and what merely takes its time is not."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from reelmill.doctor import Check
from reelmill.ledger import Ledger
from reelmill.ledger.lanes import UNTIL_RESUMED_S

pytestmark = pytest.mark.services

Examine = Callable[[str], Check]
RingUp = Callable[[str, str | None], None]
Change = Callable[[str], None]


@pytest.mark.parametrize(
    ("for_s", "since", "ok"),
    [(UNTIL_RESUMED_S, "1 minute", True), (UNTIL_RESUMED_S, "2 hours", False), (30, "2 hours", True)],
    ids=["just now", "forgotten", "prolonged by the mill"],
)
def test_a_paused_lane_is_told_and_fails_once_somebody_must_have_forgotten_it(
    examine: Examine, ledger: Ledger, change: Change, for_s: float, since: str, ok: bool
) -> None:
    ledger.lanes.pause("cpu", for_s, "maintenance")
    change(f"UPDATE reelmill.lanes SET paused_at = now() - interval '{since}'")
    found = examine("lanes")
    assert found.ok is ok
    assert "cpu is paused until" in found.detail
    assert "maintenance" in found.detail
    assert "reelmill resume" in (found.fix or "")


@pytest.mark.parametrize(("due", "ok"), [("-2 minutes", False), ("1 minute", True)])
def test_a_message_that_nobody_takes_is_found_once_overdue(examine: Examine, ring: RingUp, due: str, ok: bool) -> None:
    ring("cpu", due)
    assert examine("messages").ok is ok


@pytest.mark.parametrize(("due", "ok"), [("-2 minutes", True), ("-2 hours", False)])
def test_in_a_busy_queue_a_message_waits_its_turn_but_not_for_ever(
    examine: Examine, ring: RingUp, due: str, ok: bool
) -> None:
    ring("cpu", due)
    ring("cpu", None)
    found = examine("messages")
    assert found.ok is ok
    assert ok or "1 of queue cpu" in found.detail


def test_a_video_that_no_dispatcher_rings_is_stuck_and_says_what_for(
    examine: Examine, ledger: Ledger, change: Change
) -> None:
    ledger.videos.enqueue("/1.mp4")
    assert examine("stuck videos").ok
    change("UPDATE reelmill.videos SET next_at = now() - interval '2 minutes'")
    found = examine("stuck videos")
    assert not found.ok
    assert "1 wait for the dispatcher" in found.detail


def test_a_video_of_a_paused_lane_is_not_stuck(examine: Examine, ledger: Ledger, change: Change) -> None:
    ledger.videos.enqueue("/1.mp4")
    change("UPDATE reelmill.videos SET next_at = now() - interval '2 minutes'")
    ledger.lanes.pause("index", 60, "full")
    assert not examine("stuck videos").ok
    ledger.lanes.pause("cpu", 60, "full")
    assert examine("stuck videos").ok


@pytest.mark.parametrize(("ago", "ok"), [("2 minutes", False), ("10 seconds", True)])
def test_a_lease_that_ran_out_and_that_nobody_ended_is_found(
    examine: Examine, ring: RingUp, change: Change, ago: str, ok: bool
) -> None:
    ring("cpu", None)
    change(
        "INSERT INTO reelmill.stage_runs (video_id, stage, version, state, lease_until) "
        f"SELECT id, 'transcode', 1, 'running', now() - interval '{ago}' FROM reelmill.videos"
    )
    found = examine("leases")
    assert found.ok is ok
    assert ok or "dispatcher" in (found.fix or "")


@pytest.mark.parametrize(("ago", "ok"), [("1 hour", False), ("2 days", True)])
def test_videos_that_lost_every_worker_are_counted_and_fail_for_a_day(
    examine: Examine, ledger: Ledger, change: Change, ago: str, ok: bool
) -> None:
    for number, error in enumerate(("WorkerLost", "WorkerLost", "Stalled")):
        ledger.videos.enqueue(f"/{number}.mp4")
        change(
            f"UPDATE reelmill.videos SET state = 'failed', error_class = '{error}', error_message = '', "
            f"finished_at = now() - interval '{ago}' WHERE source = '/{number}.mp4'"
        )
    found = examine("poison videos")
    assert found.ok is ok
    assert found.detail.startswith("2 failed as WorkerLost")
    assert "reelmill retry --failed --class WorkerLost" in (found.fix or "")
