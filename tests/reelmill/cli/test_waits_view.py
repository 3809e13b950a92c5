"""Why a video waits, in words."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from reelmill.cli.waits_view import waiting_lines

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
NOTHING: dict[str, Any] = {
    "stage": "embed", "queue": None, "ahead": None, "ahead_exact": True, "lease": None, "retry_at": None,
    "paused": [], "worker_alive": True, "dispatcher_alive": True,
}  # fmt: skip


@pytest.mark.parametrize(
    ("waiting", "lines"),
    [
        ({}, []),
        ({"ahead": 0}, ["next in its line"]),
        ({"ahead": 7}, ["7 of its tenant's videos that wait for embed go first"]),
        (
            {"ahead": 10_000, "ahead_exact": False, "queue": "api.embed"},
            ["more than 10,000 messages of queue api.embed go first"],
        ),
        ({"queue": "api.embed", "worker_alive": False}, ["no worker of queue api.embed is alive"]),
        ({"worker_alive": False}, ["no worker for embed is alive"]),
        ({"dispatcher_alive": False}, ["no dispatcher is alive"]),
    ],
)
def test_each_hindrance_is_a_line(waiting: dict[str, Any], lines: list[str]) -> None:
    assert list(waiting_lines(NOTHING | waiting)) == lines


def test_a_lease_and_a_retry_are_shown_with_their_times() -> None:
    [held] = waiting_lines(NOTHING | {"lease": {"worker": "api.embed@host", "until": NOON}})
    assert held.startswith("embed is worked on by api.embed@host, lease until 2026-11-23 ")
    [later] = waiting_lines(NOTHING | {"retry_at": NOON})
    assert later.startswith("not before 2026-11-23 ")
