"""Named points in the code at which tests make a process die, stop or fail.

Nothing is armed in production, where reaching a point costs one look at a variable. Tests name a point and know
that the process is there, where a sleep would only hope so.
"""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

from reelmill.video import Stage


class Point(StrEnum):
    """Where something may happen, in the order in which a video passes the points."""

    RINGS_WRITTEN = "rings-written"
    """The dispatcher has written rings down and sent no chain of them."""
    CHAIN_SENT = "chain-sent"
    """The dispatcher has sent one of its chains."""
    CLAIMED = "claimed"
    """A worker holds the lease and has begun nothing."""
    MOVED = "moved"
    """The work has moved on; for a transcode, in the middle of encoding."""
    WORKED = "worked"
    """The work is done and its files are stored; the ledger does not know."""
    COMMITTING = "committing"
    """All is written inside the transaction that is about to commit."""
    COMMITTED = "committed"
    """The ledger knows; the next link of the chain is not sent."""
    PASSED_ON = "passed-on"
    """The next link is sent, and the task is about to end."""


Act = Callable[[str], None]
"""Told the name of a point that was reached: `describe.claimed`, or `chain-sent` where there is no stage."""

_act: Act | None = None


def arm(act: Act | None) -> None:
    """Have `act` called at every point of this process and of those it forks; None disarms."""
    global _act
    _act = act


def reach(point: Point, stage: Stage | None = None) -> None:
    """Say that the code is here."""
    if _act is not None:
        _act(f"{stage}.{point}" if stage else str(point))
