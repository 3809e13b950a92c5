"""Whether somebody is there to work, and does."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest

from reelmill.doctor import Check, mill
from reelmill.ledger import Ledger

pytestmark = pytest.mark.services

Examine = Callable[[str], Check]
RingUp = Callable[[str, str | None], None]
Change = Callable[[str], None]

ROOT = Path(__file__).resolve().parents[3]
ALL = ["cpu", "api.describe", "api.embed", "index"]


def test_a_mill_at_rest_is_well(examine: Examine) -> None:
    assert examine("workers").detail == "none is running, and no video waits"
    assert all(examine(name).ok for name in ("workers", "dispatcher", "consuming"))


def test_the_runbook_has_a_chapter_for_each_check(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        names = [check.name for check in mill.checks(connection)]
    chapters = re.findall(r"^### (.+?):", (ROOT / "docs/operations.md").read_text(), re.MULTILINE)
    assert sorted(chapters) == sorted([*names, "disk"])


def test_waiting_videos_without_a_worker_are_found(examine: Examine, ledger: Ledger) -> None:
    ledger.videos.enqueue("/1.mp4")
    ledger.processes.beat("d", "dispatcher")
    found = examine("workers")
    assert not found.ok
    assert "1 videos wait" in found.detail
    assert "make up" in (found.fix or "")


def test_waiting_videos_without_a_dispatcher_are_found(examine: Examine, ledger: Ledger) -> None:
    ledger.processes.beat("w", "worker", ALL)
    assert examine("dispatcher").ok
    ledger.videos.enqueue("/1.mp4")
    found = examine("dispatcher")
    assert not found.ok
    assert "1 videos are not handed out" in found.detail
    ledger.processes.beat("d", "dispatcher")
    assert examine("dispatcher").ok


def test_a_queue_that_is_waited_for_and_nobody_serves_is_found(examine: Examine, ledger: Ledger, ring: RingUp) -> None:
    ledger.processes.beat("w", "worker", ["cpu"])
    ring("index", "1 minute")
    found = examine("workers")
    assert not found.ok
    assert "no sign of a worker of queue index" in found.detail


def test_a_stage_whose_videos_are_due_and_that_nobody_serves_is_found(
    examine: Examine, ledger: Ledger, change: Change
) -> None:
    ledger.processes.beat("w", "worker", ["gpu.0a1b2c3d"])
    ledger.videos.enqueue("/1.mp4")
    assert examine("workers").ok
    change("UPDATE reelmill.videos SET state = 'described'")
    assert "a worker for embed" in examine("workers").detail
    change("UPDATE reelmill.videos SET next_at = now() + interval '1 hour'")
    assert examine("workers").ok


def test_a_worker_that_lives_and_takes_nothing_is_named(
    examine: Examine, ledger: Ledger, ring: RingUp, change: Change
) -> None:
    ledger.processes.beat("cpu@host:7", "worker", ["cpu"])
    ring("cpu", "-2 minutes")
    assert examine("consuming").ok
    change("UPDATE reelmill.processes SET started_at = now() - interval '1 hour'")
    found = examine("consuming")
    assert not found.ok
    assert "cpu@host:7 (1 messages of cpu wait)" in found.detail
    assert "restart them" in (found.fix or "")
