"""A toolbox of twins over a real ledger, and a video rung for its next stage."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID, uuid4

import psycopg
import pytest

from reelmill import points
from reelmill.ledger import Ledger
from reelmill.ledger.keeper import LeaseKeeper
from reelmill.ledger.lease import Link
from reelmill.ledger.rings import Ring, Rings
from reelmill.stages.perform import Outcome, perform
from reelmill.testing import ByteEmbedder, CopyTranscoder, EchoDescriber, MemoryBlobs, MemoryVectors, WordEmbedder
from reelmill.toolbox import Toolbox
from reelmill.video import Stage


@dataclass
class Rung:
    """A video and the messages of its present ring."""

    rings: Rings
    ring: Ring

    @property
    def video_id(self) -> UUID:
        return self.ring.video_id

    def perform(self, stage: Stage, tools: Toolbox) -> Outcome:
        """Deliver the stage's message."""
        task_id = next(link.task_id for link in self.ring.links if link.stage is stage)
        return perform(stage, self.video_id, task_id=task_id, worker="w1", tools=tools)

    def ring_again(self) -> None:
        """What the dispatcher does once the video's ring has ended."""
        [self.ring] = self.rings.start([Ring(self.video_id, fresh_links())])


def fresh_links() -> tuple[Link, ...]:
    return tuple(Link(stage, str(uuid4()), f"q.{stage}") for stage in Stage)


@pytest.fixture
def arm() -> Iterator[Callable[[Callable[[str], None] | None], None]]:
    """Arm the named points for the length of the test."""
    yield points.arm
    points.arm(None)


@pytest.fixture
def tools(ledger: Ledger, tmp_path: Path) -> Toolbox:
    work_dir = tmp_path / "work"
    work_dir.mkdir()
    return Toolbox(
        ledger=ledger,
        keeper=LeaseKeeper(ledger.runs, lease_s=5, stall_limit_s=60, stage_limit_s=60),
        blobs=MemoryBlobs(),
        transcoder=CopyTranscoder(),
        describer=EchoDescriber(),
        text=WordEmbedder(),
        visual=ByteEmbedder(),
        vectors=MemoryVectors(),
        work_dir=work_dir,
    )


@pytest.fixture
def rung(ledger: Ledger, database_url: str, tmp_path: Path) -> Iterator[Callable[[str], Rung]]:
    """Write a clip with this text, enqueue it, and ring it."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        rings = Rings(connection, ring_wait_s=60)

        def rung(text: str) -> Rung:
            clip = tmp_path / f"{uuid4()}.mp4"
            clip.write_text(text)
            video_id = ledger.videos.enqueue(str(clip)).id
            [ring] = rings.start([Ring(video_id, fresh_links())])
            return Rung(rings, ring)

        yield rung
