"""Pauses: which one counts, when one begins and ends, and which names queues have."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from reelmill.ledger import Ledger
from reelmill.ledger.lanes import UNTIL_RESUMED_S, Pause, stage_of
from reelmill.video import Stage


def end_pauses(ledger: Ledger) -> None:
    """Let the time of every pause pass."""
    with ledger.pool.connection() as connection:
        connection.execute("UPDATE reelmill.lanes SET paused_until = now() - interval '1 s', paused_at = '2026-01-01'")


@pytest.mark.services
@pytest.mark.parametrize(("first_s", "second_s"), [(600, 30), (30, 600)])
def test_of_two_pauses_the_one_that_ends_later_counts_with_its_reason(
    ledger: Ledger, first_s: float, second_s: float
) -> None:
    ledger.lanes.pause("cpu", first_s, f"{first_s}")
    begun = ledger.lanes.paused()["cpu"].since
    ledger.lanes.pause("cpu", second_s, f"{second_s}")
    pause = ledger.lanes.paused()["cpu"]
    assert pause.reason == "600"
    assert timedelta(seconds=590) < pause.until - pause.since < timedelta(seconds=610)
    assert pause.since == begun


@pytest.mark.services
def test_a_pause_whose_time_has_passed_pauses_nothing_and_a_new_one_begins_anew(ledger: Ledger) -> None:
    ledger.lanes.pause("cpu", 30, "full")
    end_pauses(ledger)
    assert ledger.lanes.paused() == {}
    ledger.lanes.pause("cpu", 30, "full again")
    assert ledger.lanes.paused()["cpu"].since > datetime(2026, 1, 2, tzinfo=UTC)


@pytest.mark.services
def test_a_resumed_lane_is_paused_no_more_and_others_still_are(ledger: Ledger) -> None:
    for queue in ("cpu", "index"):
        ledger.lanes.pause(queue, UNTIL_RESUMED_S, "by hand")
    ledger.lanes.resume("cpu")
    ledger.lanes.resume("api.embed")
    assert list(ledger.lanes.paused()) == ["index"]


@pytest.mark.parametrize(
    ("queue", "stage"),
    [
        ("cpu", Stage.TRANSCODE),
        ("gpu.0a1b2c3d", Stage.TRANSCODE),
        ("api.describe", Stage.DESCRIBE),
        ("apixdescribe", None),
        ("gpu.0", None),
        ("cpu2", None),
        ("", None),
    ],
)
def test_a_queue_is_known_by_its_whole_name(queue: str, stage: Stage | None) -> None:
    assert stage_of(queue) is stage


def test_a_pause_without_an_end_says_so() -> None:
    now = datetime.now(UTC)
    assert Pause("cpu", now, now + timedelta(seconds=UNTIL_RESUMED_S), "").end == "until resumed"
    assert Pause("cpu", now, now + timedelta(minutes=5), "").end.startswith("until 2")
