"""Events of a moment go out together, none is forgotten."""

from __future__ import annotations

from collections.abc import Callable
from types import SimpleNamespace
from typing import Any

import pytest
from celery import Celery
from kombu.asynchronous.hub import Hub

from workers import consumer
from workers.consumer import GATHER_S, GatheringConsumer


class Loop(Hub):
    """Celery's loop with a clock of our own."""

    def __init__(self) -> None:
        super().__init__()
        self.later: list[Callable[[], None]] = []

    def call_later(self, delay: float, callback: Callable[..., None], *args: Any) -> None:
        assert delay == GATHER_S
        self.later.append(callback)

    def turn(self) -> None:
        for callback in self._pop_ready():
            callback()

    def time_out(self) -> None:
        due, self.later = self.later, []
        for callback in due:
            callback()


class Dispatcher:
    """Counts what Celery's would publish."""

    def __init__(self) -> None:
        self.flushes = 0

    def flush(self) -> None:
        self.flushes += 1


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    now_s = [100.0]
    monkeypatch.setattr(consumer.time, "monotonic", lambda: now_s[0])
    return now_s


@pytest.fixture
def subject(clock: list[float]) -> GatheringConsumer:
    made = GatheringConsumer(
        lambda *_: None,
        app=Celery(broker="memory://", set_as_current=False),
        controller=SimpleNamespace(use_eventloop=True),
        pool=SimpleNamespace(num_processes=1, is_green=False),
        hub=Loop(),
    )
    made.event_dispatcher = Dispatcher()
    return made


def test_the_events_of_a_moment_are_sent_once(subject: GatheringConsumer) -> None:
    for _ in range(5):
        subject.on_send_event_buffered()
        subject.hub.turn()
    assert subject.event_dispatcher.flushes == 0
    subject.hub.time_out()
    assert subject.event_dispatcher.flushes == 1


def test_the_next_moment_is_sent_too(subject: GatheringConsumer, clock: list[float]) -> None:
    for _ in range(2):
        subject.on_send_event_buffered()
        subject.hub.turn()
        clock[0] += GATHER_S
        subject.hub.time_out()
    assert subject.event_dispatcher.flushes == 2


def test_a_timer_lost_with_the_broker_silences_nothing(subject: GatheringConsumer, clock: list[float]) -> None:
    subject.on_send_event_buffered()
    subject.hub.turn()
    subject.hub.later.clear()
    clock[0] += GATHER_S
    subject.on_send_event_buffered()
    subject.hub.turn()
    subject.hub.time_out()
    assert subject.event_dispatcher.flushes == 1
