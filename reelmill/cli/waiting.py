"""Wait until videos have ended, and say what holds them up when nobody works on them."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Sequence
from uuid import UUID

from reelmill.cli.bars import Display
from reelmill.ledger import Ledger
from reelmill.ledger.pool import persist
from reelmill.video import Stage

POLL_S = 0.25
LOOK_S = 3.0
"""Seconds between two looks at who is alive, which says so every three seconds itself."""


def wait(ledger: Ledger, ids: Sequence[UUID], display: Display, each_poll: Callable[[], None] = lambda: None) -> None:
    """Return when all of these videos are final; `each_poll` is called a few times a second until then."""
    look_s, said = 0.0, ""
    with display:
        while True:
            passed = ledger.status.progress(ids)
            display.show(passed)
            if passed[Stage.INDEX] >= len(ids):
                return
            if time.monotonic() >= look_s:
                look_s = time.monotonic() + LOOK_S
                note = persist(hindrance)(ledger, ids)
                if note != said:
                    display.say(note or "The work goes on.")
                said = note
            each_poll()
            time.sleep(POLL_S)


def hindrance(ledger: Ledger, ids: Sequence[UUID]) -> str:
    """What keeps these videos from moving, as a sentence; empty when nothing is known to."""
    missing = {"worker", "dispatcher"} - {process.kind for process in ledger.processes.alive()}
    if not missing:
        return " ".join(f"Lane {queue} is paused: {pause.reason}." for queue, pause in ledger.lanes.paused().items())
    waits = Counter(row["waiting_for"] for row in ledger.status.videos(ids=ids, limit=len(ids)) if row["waiting_for"])
    awaited = ", ".join(f"{count} for {what}" for what, count in waits.most_common())
    return f"No {' and no '.join(sorted(missing))} is alive. Videos wait: {awaited}."


def all_final(ledger: Ledger, ids: Sequence[UUID]) -> bool:
    """Whether each of these videos has ended, one way or another."""
    return ledger.status.progress(ids)[Stage.INDEX] >= len(ids)


def at_work(ledger: Ledger) -> bool:
    """Whether a worker and a dispatcher have said within the last seconds that they are alive."""
    return {"worker", "dispatcher"} <= {process.kind for process in ledger.processes.alive()}


def has_workers(ledger: Ledger) -> bool:
    """Whether any worker has said within the last seconds that it is alive."""
    return any(process.kind == "worker" for process in ledger.processes.alive())
