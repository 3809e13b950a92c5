"""The `reelmill.embed` task."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from reelmill.video import Stage
from tasks.stage import StageTask


@shared_task(bind=True, base=StageTask, name="reelmill.embed")
def embed(self: StageTask, /, video_id: str, **_later: Any) -> str:
    """Turn the words and the frames into vectors."""
    return self.perform(Stage.EMBED, video_id)
