"""The Celery application: target of `celery -A workers.app`."""

from __future__ import annotations

from functools import cached_property

from celery import Celery

from config.celery import celery_config
from reelmill.settings import Settings
from reelmill.toolbox import Toolbox
from reelmill.video import Stage
from workers import boot, telemetry


class ReelmillApp(Celery):
    """Celery with this process's toolbox."""

    @cached_property
    def toolbox(self) -> Toolbox:
        """Made on first use, so in the child of a prefork worker and not in its parent."""
        return boot.toolbox(settings)


settings = Settings()
app = ReelmillApp("reelmill", include=[f"tasks.{stage}" for stage in Stage])
app.config_from_object(celery_config(boot.broker_url(settings), stage_limit_s=settings.stage_limit_s))
telemetry.connect(settings)
