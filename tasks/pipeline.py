"""The chain: transcode, describe, embed, index, or what is missing of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import uuid4

from celery import Celery, Task, chain

from reelmill.ledger.lease import Link
from reelmill.ledger.rings import Ring
from reelmill.video import Stage
from tasks.describe import describe
from tasks.embed import embed
from tasks.index import index
from tasks.transcode import transcode

TASK: Mapping[Stage, Task[Any, Any]] = {
    Stage.TRANSCODE: transcode,
    Stage.DESCRIBE: describe,
    Stage.EMBED: embed,
    Stage.INDEX: index,
}


def links(stages: Mapping[Stage, str]) -> tuple[Link, ...]:
    """Links with fresh task ids for these stages and their queues, in order."""
    return tuple(Link(stage, str(uuid4()), queue) for stage, queue in stages.items())


def send(app: Celery, ring: Ring) -> None:
    """Publish the first link of the ring's chain, which carries the rest. Raises kombu's OperationalError."""
    signatures = [
        TASK[link.stage].si(str(ring.video_id)).set(task_id=link.task_id, queue=link.queue) for link in ring.links
    ]
    chain(*signatures, app=app).apply_async()
