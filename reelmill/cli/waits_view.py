"""Why a video waits, in lines for people."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from reelmill.cli.tables import time_text
from reelmill.ledger.lanes import Pause


def waiting_lines(waiting: Mapping[str, Any]) -> Iterator[str]:
    """One line for each thing that keeps the video from the end of its stage."""
    queue = waiting["queue"]
    if waiting["lease"]:
        lease = waiting["lease"]
        yield f"{waiting['stage']} is worked on by {lease['worker']}, lease until {time_text(lease['until'])}"
    elif waiting["retry_at"]:
        yield f"not before {time_text(waiting['retry_at'])}"
    if waiting["ahead"] is not None and not waiting["lease"]:
        yield _place(waiting)
    yield from (paused_line(lane) for lane in waiting["paused"])
    if not waiting["worker_alive"]:
        yield f"no worker of queue {queue} is alive" if queue else f"no worker for {waiting['stage']} is alive"
    if not waiting["dispatcher_alive"]:
        yield "no dispatcher is alive"


def _place(waiting: Mapping[str, Any]) -> str:
    if not waiting["ahead"]:
        return "next in its line"
    number = f"{waiting['ahead']}" if waiting["ahead_exact"] else f"more than {waiting['ahead']:,}"
    queue = waiting["queue"]
    line = f"messages of queue {queue}" if queue else f"of its tenant's videos that wait for {waiting['stage']}"
    return f"{number} {line} go first"


def paused_line(lane: Mapping[str, Any]) -> str:
    """A lane's pause as `status` documents have it."""
    pause = Pause(**lane)
    return f"lane {pause.queue} is paused {pause.end}: {pause.reason}"
