"""The queue table and Celery's configuration."""

from __future__ import annotations

import pytest

from config.celery import celery_config
from config.queues import QUEUE_OF, queues
from reelmill.ledger.lanes import stage_of
from reelmill.settings import Settings
from reelmill.video import Stage
from tasks.pipeline import task_name


def test_every_stage_has_a_queue_with_a_worker() -> None:
    table = queues(Settings(), cores=4)
    assert [(queue.stage, queue.name) for queue in table] == list(QUEUE_OF.items())


def test_the_core_knows_each_queues_name_as_a_lane_of_its_stage() -> None:
    assert all(stage_of(queue.name) is queue.stage for queue in queues(Settings(), cores=4))


@pytest.mark.parametrize("cores", [1, 2, 64])
def test_there_is_a_transcode_process_for_each_two_cores_and_one_at_least(cores: int) -> None:
    assert queues(Settings(), cores=cores)[0].concurrency == max(1, cores // 2)


def test_every_task_is_routed_to_its_stages_queue() -> None:
    routes = celery_config("memory://", stage_limit_s=60)["task_routes"]
    assert {task_name(stage): {"queue": QUEUE_OF[stage]} for stage in Stage} == routes


def test_only_json_is_accepted_and_no_result_is_kept() -> None:
    config = celery_config("memory://", stage_limit_s=60)
    assert config["accept_content"] == ["json"]
    assert config["result_backend"] is None
