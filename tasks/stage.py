"""What the four tasks share."""

from __future__ import annotations

from typing import Any, Protocol, cast
from uuid import UUID

from celery import Task

from reelmill.points import Point, reach
from reelmill.stages.perform import perform
from reelmill.toolbox import Toolbox
from reelmill.video import Stage


class HasToolbox(Protocol):
    """The Celery application, as far as tasks need it."""

    @property
    def toolbox(self) -> Toolbox:
        """The process's toolbox, made on first use."""
        ...


class StageTask(Task[Any, Any]):
    """A task that runs one stage and decides by its outcome whether the chain goes on.

    It never calls `retry`: a retry would go to the queue frozen in its message. Any outcome but success is
    in the ledger when this returns, and the dispatcher rings the video again when its time has come.
    """

    abstract = True

    def perform(self, stage: Stage, video_id: str) -> str:
        """Run the stage and return the outcome, which Flower shows."""
        tools = cast(HasToolbox, self.app).toolbox
        outcome = perform(
            stage, UUID(video_id), task_id=str(self.request.id), worker=str(self.request.hostname), tools=tools
        )
        if not outcome.goes_on:
            self.request.chain = None
        return outcome.value

    def on_success(self, *_: Any, **__: Any) -> None:
        """Called by Celery once the next link is sent."""
        reach(Point.PASSED_ON, Stage(self.name.rpartition(".")[2]))
