"""What a task does with its stage's outcome."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import pytest
from celery import Celery

from reelmill.stages.perform import Outcome
from reelmill.video import Stage
from tasks import stage as stage_module
from tasks.pipeline import task_name

MODULES = [f"tasks.{stage}" for stage in Stage]


class AppWithToolbox(Celery):
    """An application whose toolbox nothing looks into."""

    toolbox = object()


@pytest.fixture
def app() -> Iterator[Celery]:
    app = AppWithToolbox("test", broker="memory://", set_as_current=True, include=MODULES)
    app.loader.import_default_modules()
    yield app
    app.close()


def deliver(app: Celery, outcome: Outcome, monkeypatch: pytest.MonkeyPatch) -> tuple[str, Any, dict[str, Any]]:
    """Run the transcode task as a worker would, with its stage ending so; what it returned, and its chain after."""
    asked: dict[str, Any] = {}

    def perform(stage: Stage, video_id: Any, **names: Any) -> Outcome:
        asked.update(names, stage=stage, video_id=video_id)
        return outcome

    monkeypatch.setattr(stage_module, "perform", perform)
    task = app.tasks[task_name(Stage.TRANSCODE)]
    task.push_request(id="t-1", hostname="cpu@host", chain=["the next link"])
    try:
        return task.run(str(asked.setdefault("sent", uuid4()))), task.request.chain, asked
    finally:
        task.pop_request()


def test_every_stage_has_a_task_of_its_name(app: Celery) -> None:
    assert {task_name(stage) for stage in Stage} <= set(app.tasks)


@pytest.mark.parametrize("outcome", [Outcome.DONE, Outcome.PASSED_ON])
def test_the_chain_goes_on_when_the_stage_is_done(
    app: Celery, monkeypatch: pytest.MonkeyPatch, outcome: Outcome
) -> None:
    returned, chain, _ = deliver(app, outcome, monkeypatch)
    assert (returned, chain) == (outcome.value, ["the next link"])


@pytest.mark.parametrize("outcome", [Outcome.REFUSED, Outcome.ENDED])
def test_the_chain_ends_with_any_other_outcome(app: Celery, monkeypatch: pytest.MonkeyPatch, outcome: Outcome) -> None:
    returned, chain, _ = deliver(app, outcome, monkeypatch)
    assert (returned, chain) == (outcome.value, None)


def test_the_stage_is_told_which_message_and_worker_it_is(app: Celery, monkeypatch: pytest.MonkeyPatch) -> None:
    _, _, asked = deliver(app, Outcome.DONE, monkeypatch)
    assert (asked["stage"], asked["video_id"]) == (Stage.TRANSCODE, asked["sent"])
    assert (asked["task_id"], asked["worker"]) == ("t-1", "cpu@host")
