"""The `reelmill.describe` task."""

from __future__ import annotations

from celery import shared_task

from reelmill.video import Stage
from tasks.stage import StageTask


@shared_task(bind=True, base=StageTask, name="reelmill.describe")
def describe(self: StageTask, video_id: str) -> str:
    """Say in words what the proxy shows."""
    return self.perform(Stage.DESCRIBE, video_id)
