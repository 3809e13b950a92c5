"""The `reelmill.transcode` task."""

from __future__ import annotations

from typing import Any

from celery import shared_task

from reelmill.video import Stage
from tasks.stage import StageTask


@shared_task(bind=True, base=StageTask, name="reelmill.transcode")
def transcode(self: StageTask, /, video_id: str, **_later: Any) -> str:
    """Turn the upload into a proxy and a poster."""
    return self.perform(Stage.TRANSCODE, video_id)
