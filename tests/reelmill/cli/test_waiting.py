"""Waiting for videos, on a real ledger."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Self
from uuid import UUID

import pytest

from reelmill.cli import waiting
from reelmill.cli.waiting import all_final, has_workers, wait
from reelmill.ledger import Ledger

pytestmark = pytest.mark.services


class Worker:
    """A display that does the work it watches: each look finds one more video ended."""

    def __init__(self, ledger: Ledger, ids: list[UUID]) -> None:
        self._ledger, self._left = ledger, list(ids)
        self.ended: list[int] = []
        self.said: list[str] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def show(self, passed: Mapping[str, int]) -> None:
        self.ended.append(passed["index"])
        if self._left:
            with self._ledger.pool.connection() as connection:
                connection.execute(
                    "UPDATE reelmill.videos SET state = 'indexed', finished_at = now() WHERE id = %s",
                    [self._left.pop()],
                )

    def say(self, note: str) -> None:
        self.said.append(note)


@pytest.fixture
def ids(ledger: Ledger) -> list[UUID]:
    return [ledger.videos.enqueue(source).id for source in ("/1.mp4", "/2.mp4")]


def test_the_wait_ends_when_the_last_video_has_ended(ledger, ids):
    display, polls = Worker(ledger, ids), []
    wait(ledger, ids, display, lambda: polls.append(len(display.ended)))
    assert display.ended == [0, 1, 2]
    assert polls == [1, 2]
    assert all_final(ledger, ids)


def test_without_workers_the_wait_says_once_what_the_videos_wait_for(ledger, ids, monkeypatch):
    monkeypatch.setattr(waiting, "LOOK_S", 0.0)
    display = Worker(ledger, ids)
    wait(ledger, ids, display)
    assert display.said == ["No dispatcher and no worker is alive. Videos wait: 2 for the dispatcher."]


def test_with_a_worker_and_a_dispatcher_nothing_is_said(ledger, ids):
    ledger.processes.beat("w", "worker", ["cpu"])
    ledger.processes.beat("d", "dispatcher")
    display = Worker(ledger, ids)
    wait(ledger, ids, display)
    assert display.said == []


def test_a_paused_lane_is_named_while_the_wait_lasts(ledger, ids):
    ledger.processes.beat("w", "worker", ["cpu"])
    ledger.processes.beat("d", "dispatcher")
    ledger.lanes.pause("cpu", 60, "the disk is full")
    display = Worker(ledger, ids)
    wait(ledger, ids, display)
    assert display.said == ["Lane cpu is paused: the disk is full."]


def test_a_dispatcher_alone_is_no_worker(ledger):
    ledger.processes.beat("d", "dispatcher")
    assert not has_workers(ledger)
    ledger.processes.beat("w", "worker", ["cpu"])
    assert has_workers(ledger)
