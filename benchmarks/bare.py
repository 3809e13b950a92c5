"""The baseline: four empty Celery tasks in a chain, with Celery's own defaults and no ledger."""

from __future__ import annotations

import os
from functools import cache

from celery import Celery, chain, shared_task
from redis import Redis

QUEUES = ("bare.1", "bare.2", "bare.3", "bare.4")
FINISHED = "bare.finished"

app = Celery("bare", broker=os.environ.get("BARE_BROKER_URL"))
app.conf.task_ignore_result = True
app.conf.worker_send_task_events = True


@shared_task(name="bare.step")
def step(_video_id: str) -> None:
    """Do nothing."""


@shared_task(name="bare.last")
def last(_video_id: str) -> None:
    """Do nothing but count, so that the benchmark knows when all have ended."""
    _redis().incr(FINISHED)


def send(video_id: str) -> None:
    """Publish one chain."""
    steps = [step.si(video_id).set(queue=queue) for queue in QUEUES[:-1]]
    chain(*steps, last.si(video_id).set(queue=QUEUES[-1]), app=app).apply_async()


@cache
def _redis() -> Redis:
    return Redis.from_url(str(app.conf.broker_url))
