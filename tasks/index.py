"""The `reelmill.index` task."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from reelmill.video import Stage
from tasks.stage import StageTask


@shared_task(bind=True, base=StageTask, name="reelmill.index")
def index(self: StageTask, /, video_id: str, **_later: Any) -> str:
    """Put the vectors into the index."""
    return self.perform(Stage.INDEX, video_id)
