"""Videos in the ledger, rung and claimed, without workers."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from uuid import UUID, uuid4

import psycopg
import pytest

from reelmill.ledger import Ledger
from reelmill.ledger.lease import Lease, Link
from reelmill.ledger.pool import Pool
from reelmill.ledger.rings import Ring, Rings
from reelmill.video import Stage

ALL = tuple(Stage)


def message(ring: Ring, stage: Stage) -> str:
    """The id of a stage's message."""
    return next(link.task_id for link in ring.links if link.stage is stage)


@pytest.fixture
def rings(database_url: str) -> Iterator[Rings]:
    """The leading dispatcher's view."""
    with psycopg.connect(database_url, autocommit=True) as connection:
        rings = Rings(connection, ring_wait_s=1.0)
        assert rings.lead()
        yield rings


@pytest.fixture
def workers(pool: Pool) -> None:
    """A worker for every queue, there for a minute already."""
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO reelmill.processes (name, kind, queues, started_at) "
            "VALUES ('w1', 'worker', %s, now() - interval '1 minute')",
            [[f"q.{stage}" for stage in ALL]],
        )


@pytest.fixture
def add(ledger: Ledger) -> Callable[..., UUID]:
    """Enqueue a video with a source of its own."""
    return lambda **names: ledger.videos.enqueue(f"/clips/{uuid4()}.mp4", **names).id


@pytest.fixture
def ring(rings: Rings) -> Callable[..., Ring]:
    """Ring a video and return its ring, as the dispatcher would."""

    def ring(video_id: UUID, stages: tuple[Stage, ...] = ALL) -> Ring:
        links = tuple(Link(stage, str(uuid4()), f"q.{stage}") for stage in stages)
        [started] = rings.start([Ring(video_id, links)])
        return started

    return ring


@pytest.fixture
def claim(ledger: Ledger) -> Callable[..., Lease]:
    """Claim a stage with its message; the answer must be a lease."""

    def claim(ring: Ring, stage: Stage) -> Lease:
        lease = ledger.runs.claim(ring.video_id, stage, task_id=message(ring, stage), worker="w1", device="cpu")
        assert isinstance(lease, Lease)
        return lease

    return claim
