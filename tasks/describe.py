"""The `reelmill.describe` task."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from reelmill.video import Stage
from tasks.stage import StageTask


@shared_task(bind=True, base=StageTask, name="reelmill.describe")
def describe(self: StageTask, /, video_id: str, **_later: Any) -> str:
    """Say in words what the proxy shows."""
    return self.perform(Stage.DESCRIBE, video_id)
