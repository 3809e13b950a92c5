"""A lease: the right to work on one stage of one video, until it runs out."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from uuid import UUID

from reelmill.video import Stage


@dataclass(frozen=True)
class Link:
    """One task of a ring's chain."""

    stage: Stage
    task_id: str
    queue: str


@dataclass(frozen=True)
class Lease:
    """What a successful claim gives. The token is the fence: a newer claim has a higher one."""

    video_id: UUID
    stage: Stage
    version: int
    token: int
    attempt: int
    """Which try this is, from 1; times spent `Busy` are not counted."""
    tenant: str
    source: str
    links: tuple[Link, ...] = ()
    """The chain that this claim belongs to."""

    @property
    def next_link(self) -> Link | None:
        """The link after this stage's, or None when the chain ends here."""
        following = [link.stage for link in self.links].index(self.stage) + 1 if self.links else 0
        return self.links[following] if following < len(self.links) else None


@dataclass(frozen=True, kw_only=True)
class ExpiredLease(Lease):
    """A lease that ran out in its holder's hands, with what the ledger knows of that attempt."""

    worker: str
    device: str
    began: datetime
    ended: datetime
    """When the lease ran out; the holder was last heard of one lease's length before."""
    earlier_losses: str
    """The lines of the attempts that were lost before."""

    @property
    def losses(self) -> str:
        """One line for each attempt lost so far, this one's last: which workers a video takes down with it."""
        line = (
            f"attempt {self.attempt}: {self.worker} on {self.device}, "
            f"began {_moment(self.began)}, lease ran out {_moment(self.ended)}"
        )
        return f"{self.earlier_losses}\n{line}".lstrip("\n")


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC"


class Refusal(Enum):
    """Why a claim gave no lease."""

    STALE = "stale"
    """The message belongs to no present ring: it was lost and replaced, doubled, or comes late."""
    HELD = "held"
    """Another worker has the stage now, or it has failed for good."""
    DONE = "done"
    """The stage is done: the message may pass on."""
