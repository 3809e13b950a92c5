"""What the ledger ought to hold, in plain Python: written from docs/lifecycle.md, not from the statements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Literal
from uuid import UUID

from reelmill.errors import Duplicate, StageError
from reelmill.ledger.lease import Lease, Link, Refusal
from reelmill.video import FINAL, Stage, State

STATE_AFTER = {
    Stage.TRANSCODE: State.TRANSCODED,
    Stage.DESCRIBE: State.DESCRIBED,
    Stage.EMBED: State.EMBEDDED,
    Stage.INDEX: State.INDEXED,
}
"""docs/lifecycle.md's picture, written down once more."""

TRIES: Mapping[str, int] = {
    "Retryable": 5,
    "Stalled": 3,
    "WorkerLost": 3,
    "DeviceFault": 3,
    "DiskFull": 10,
    "Rejected": 1,
    "UnreadableMedia": 1,
    "Blocked": 1,
    "Duplicate": 1,
}
"""The table in docs/lifecycle.md; `Busy` is not in it because it is never counted."""

ENDS: Mapping[str, State] = {"Blocked": State.BLOCKED, "Duplicate": State.DUPLICATE}
"""What a video ends in that gets no further try; `failed` where nothing is said."""


@dataclass(eq=False)
class RingModel:
    """One chain: compared by identity, as a ring is by its id."""

    links: tuple[Link, ...]
    stage: Stage
    claimed: bool = False
    old: bool = False
    """Sent so long ago that it is overdue, and overtaken by any claimed one that is not old."""

    @property
    def queue(self) -> str:
        return next(link.queue for link in self.links if link.stage is self.stage)


@dataclass
class RunModel:
    """One stage run."""

    ring: RingModel
    state: Literal["waiting", "running", "done", "failed"] = "running"
    attempt: int = 1
    waits: int = 0
    token: int = 1
    expired: bool = False


@dataclass(eq=False)
class VideoModel:
    """One video."""

    id: UUID
    tenant: str
    state: State = State.QUEUED
    due: bool = True
    ring: RingModel | None = None
    runs: dict[Stage, RunModel] = field(default_factory=dict)
    made: dict[Stage, int] = field(default_factory=dict)
    """The mark on each stage's last committed result; a result stays until a new life's result replaces it."""
    effects: dict[tuple[Stage, int], int] = field(default_factory=dict)
    """The token under which each stage was committed in each life."""
    content: str | None = None
    error: str | None = None
    duplicate_of: UUID | None = None
    life: int = 1
    """One higher each time that it had to start again from the source, with all its stages to be done anew."""

    def __repr__(self) -> str:
        return f"<{self.tenant}:{str(self.id)[-4:]} {self.state}>"

    @property
    def finished(self) -> bool:
        return self.state in FINAL

    def holds(self, lease: Lease) -> bool:
        run = self.runs.get(lease.stage)
        return run is not None and (run.state, run.token) == ("running", lease.token)

    def committed(self, lease: Lease) -> bool:
        run = self.runs.get(lease.stage)
        return run is not None and (run.state, run.token) == ("done", lease.token)

    def start(self, links: tuple[Link, ...]) -> bool:
        if self.ring or self.finished:
            return False
        self.ring = RingModel(links, links[0].stage)
        return True

    def refusal(self, link: Link) -> Refusal | None:
        """Why a message gets no lease, or None when it gets one."""
        if self.ring is None or link not in self.ring.links:
            return Refusal.STALE
        run = self.runs.get(link.stage)
        if run is None or run.state == "waiting":
            return None
        return Refusal.DONE if run.state == "done" else Refusal.HELD

    def claim(self, stage: Stage) -> RunModel:
        assert self.ring
        self.ring.stage, self.ring.claimed = stage, True
        run = self.runs.get(stage)
        self.runs[stage] = RunModel(self.ring)
        if run:
            self.runs[stage] = RunModel(self.ring, attempt=run.attempt + 1, waits=run.waits, token=run.token + 1)
        return self.runs[stage]

    def commit(self, lease: Lease, mark: int) -> None:
        run = self.runs[lease.stage]
        run.state, run.expired = "done", False
        assert (lease.stage, self.life) not in self.effects
        self.made[lease.stage] = mark
        self.effects[lease.stage, self.life] = lease.token
        self.state, self.due, self.error = STATE_AFTER[lease.stage], True, None
        if self.ring is run.ring:
            self._go_on(lease.next_link)

    def _go_on(self, following: Link | None) -> None:
        assert self.ring
        if following is None:
            self.ring = None
        else:
            self.ring.stage, self.ring.claimed, self.ring.old = following.stage, False, False

    def end(self, stage: Stage, error: StageError) -> None:
        run, kind = self.runs[stage], type(error).__name__
        again = kind == "Busy" or run.attempt < TRIES[kind]
        run.state, run.expired = "waiting" if again else "failed", False
        if kind == "Busy":
            run.attempt, run.waits = run.attempt - 1, run.waits + 1
        self.state = self.state if again else ENDS.get(kind, State.FAILED)
        self.error, self.due = kind, False
        self.duplicate_of = error.original if isinstance(error, Duplicate) else None
        if self.ring is run.ring or self.finished:
            self.ring = None

    def retry(self, *, disowned: bool) -> None:
        for run in self.runs.values():
            if disowned or run.state == "failed":
                run.state, run.attempt = "waiting", 0
        self.life += disowned
        self.state, self.due, self.error, self.ring = State.QUEUED, True, None, None
        for stage in Stage:
            if stage not in self.runs or self.runs[stage].state != "done":
                break
            self.state = STATE_AFTER[stage]


class LedgerModel:
    """All videos, and who owns which bytes."""

    def __init__(self) -> None:
        self.videos: dict[UUID, VideoModel] = {}
        self.owners: dict[tuple[str, str], VideoModel] = {}

    def rung(self) -> Iterator[tuple[VideoModel, RingModel]]:
        return ((video, video.ring) for video in self.videos.values() if video.ring)

    def waiting(self, state: State) -> set[UUID]:
        return {v.id for v in self.videos.values() if v.state is state and v.due and not v.ring and not v.finished}

    def lost(self) -> set[UUID]:
        """The videos whose messages the dispatcher may take for lost; each queue has an idle worker."""
        return {video.id for video, ring in self.rung() if ring.old and not ring.claimed and self._is_lost(ring)}

    def _is_lost(self, ring: RingModel) -> bool:
        claimed = [other for _, other in self.rung() if other.claimed and other.queue == ring.queue]
        return not claimed or any(not other.old for other in claimed)

    def read(self, video: VideoModel, content: str) -> UUID:
        """Read a video's bytes and return whose they are."""
        owner = self.owners.get((video.tenant, content))
        if owner is None or owner.state in (State.FAILED, State.DUPLICATE) or owner.content != content:
            owner = self.owners[video.tenant, content] = video
        video.content = content
        return owner.id

    def disowned(self, video: VideoModel) -> bool:
        owner = self.owners.get((video.tenant, video.content)) if video.content else None
        return owner is not None and owner is not video
