"""The `reelmill.embed` task."""

from __future__ import annotations

from celery import shared_task

from reelmill.video import Stage
from tasks.stage import StageTask


@shared_task(bind=True, base=StageTask, name="reelmill.embed")
def embed(self: StageTask, video_id: str) -> str:
    """Turn the words and the frames into vectors."""
    return self.perform(Stage.EMBED, video_id)
