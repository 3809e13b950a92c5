"""The chain: transcode, describe, embed, index, or what is missing of it."""

from __future__ import annotations

from collections.abc import Mapping
from uuid import uuid4

from celery import Celery, chain

from reelmill.ledger.lease import Link
from reelmill.ledger.rings import Ring
from reelmill.video import Stage


def task_name(stage: Stage) -> str:
    """The wire name of a stage's task."""
    return f"reelmill.{stage}"


def links(stages: Mapping[Stage, str]) -> tuple[Link, ...]:
    """Links with fresh task ids for these stages and their queues, in order."""
    return tuple(Link(stage, str(uuid4()), queue) for stage, queue in stages.items())


def send(app: Celery, ring: Ring) -> None:
    """Publish the first link of the ring's chain, which carries the rest. Raises kombu's OperationalError."""
    signatures = [
        app.signature(
            task_name(link.stage),
            args=(str(ring.video_id),),
            immutable=True,
            options={"task_id": link.task_id, "queue": link.queue},
        )
        for link in ring.links
    ]
    # No retry: the dispatcher has other things to do and tries again by itself.
    chain(*signatures, app=app).apply_async(retry=False)
