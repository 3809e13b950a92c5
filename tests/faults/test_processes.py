"""Processes die at named points, freeze and come back, are asked to stop: every video ends once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from reelmill.video import Stage
from tests.faults.effects import logged
from tests.faults.fleet import Fleet, fleet

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet"), workers={"api.describe": 2}) as running:
        yield running


STEPS = ("claimed", "worked", "committing", "committed", "passed-on")
DEADLY = [
    # One stage in a process of its own and one in a thread among others, in turns: the supervisor waits ever longer
    # before it starts again what dies too soon.
    *(f"{stage}.{point}" for point in STEPS for stage in (Stage.TRANSCODE, Stage.DESCRIBE)),
    "transcode.moved",
    "rings-written",
    "index.committing",
    "chain-sent",
    "index.committed",
]


@pytest.mark.parametrize("point", DEADLY)
def test_a_process_killed_at_any_point_leaves_one_effect_of_each_stage(mill: Fleet, point: str) -> None:
    order = mill.order(point, "kill")
    ids = mill.ingest("cat", "dog")
    mill.await_obeyed(order)
    mill.await_ended(ids)
    assert mill.states(ids) == ["indexed"] * 2
    calls = logged(mill.settings.data_dir, "describe")
    # Both may be in the hands of the process that dies.
    assert sum(calls[str(video)] for video in ids) <= 2 * 2
    assert mill.broken_promises() == []


def test_a_child_killed_alone_costs_one_try_of_its_video_and_no_other(mill: Fleet) -> None:
    order = mill.order("transcode.moved", "kill-child")
    ids = mill.ingest("cat", "dog", "fish")
    mill.await_obeyed(order)
    mill.await_ended(ids)
    assert mill.states(ids) == ["indexed"] * 3
    assert mill.errors(ids) == ["WorkerLost"]
    assert mill.broken_promises() == []


def test_a_frozen_worker_that_comes_back_writes_nothing(mill: Fleet) -> None:
    """While another holds the stage: only the token tells the two apart."""
    order = mill.order("describe.worked", "stop")
    [video] = mill.ingest("cat")
    groups = [os.getpgid(mill.await_obeyed(order))]
    try:
        mill.await_(lambda: "WorkerLost" in mill.errors([video]), "the lease's end")
        groups.append(os.getpgid(mill.await_obeyed(mill.order("describe.worked", "stop"))))
        [frozen] = [name for name, pid in mill.supervisor.pids().items() if pid == groups[0]]
        refused = mill.log_of(frozen).count("result discarded")
        os.killpg(groups[0], signal.SIGCONT)
        mill.await_(lambda: mill.log_of(frozen).count("result discarded") > refused, "the refusal")
    finally:
        for group in groups:
            os.killpg(group, signal.SIGCONT)
    mill.await_ended([video])
    assert mill.states([video]) == ["indexed"]
    assert mill.broken_promises() == []


def test_a_frozen_transcode_that_comes_back_leaves_no_files(mill: Fleet) -> None:
    order = mill.order("transcode.worked", "stop")
    [video] = mill.ingest("cat")
    group = os.getpgid(mill.await_obeyed(order))
    try:
        mill.await_(lambda: "WorkerLost" in mill.errors([video]), "the lease's end")
    finally:
        os.killpg(group, signal.SIGCONT)
    mill.await_ended([video])
    assert mill.states([video]) == ["indexed"]
    assert mill.broken_promises() == []


def test_a_poison_video_is_parked_and_harms_no_other(mill: Fleet) -> None:
    [poison, *others] = mill.ingest("poison", "cat", "dog", "fish")
    mill.await_ended([poison, *others])
    assert mill.states([poison]) == ["failed"]
    assert mill.states(others) == ["indexed"] * 3
    assert mill.errors([poison]) == ["WorkerLost"] * 3
    assert mill.errors(others) == []
    # What its last attempt left on the disk, the next transcode sweeps.
    mill.await_ended(mill.ingest("cat"))
    assert mill.broken_promises() == []


def test_an_exit_inside_the_commit_leaves_nothing_half_written(mill: Fleet) -> None:
    order = mill.order("index.committing", "exit")
    [video] = mill.ingest("cat")
    mill.await_obeyed(order)
    mill.await_ended([video])
    assert mill.states([video]) == ["indexed"]
    assert mill.broken_promises() == []


def test_work_longer_than_its_lease_is_done_once(mill: Fleet) -> None:
    [video] = mill.ingest(f"slow {2 * mill.settings.lease_s}")
    mill.await_ended([video])
    assert mill.errors([video]) == []
    assert logged(mill.settings.data_dir, "describe")[str(video)] == 1
    assert mill.broken_promises() == []


@pytest.mark.parametrize("times", [3, pytest.param(40, marks=pytest.mark.long)])
@pytest.mark.parametrize("queue", ["api.describe", "cpu"])
def test_workers_asked_to_stop_again_and_again_lose_nothing(mill: Fleet, queue: str, times: int) -> None:
    ids = mill.ingest(*(f"clip {number}" for number in range(10 * times)))
    for _ in range(times):
        before = mill.ended(ids)
        os.kill(mill.supervisor.pids()[f"{queue}-0"], signal.SIGTERM)
        mill.await_(lambda before=before: mill.ended(ids) > before or mill.ended(ids) == len(ids), "progress")
    mill.await_ended(ids, patience_s=20.0 * times)
    assert mill.states(ids) == ["indexed"] * len(ids)
    assert mill.broken_promises() == []


def test_a_stop_that_cannot_wait_any_longer_loses_nothing(mill: Fleet) -> None:
    """Longer work than a soft shutdown waits for: the worker is stopped for good in the middle."""
    [video] = mill.ingest("slow 14")
    mill.await_(lambda: logged(mill.settings.data_dir, "describe")[str(video)], "the call")
    os.kill(mill.supervisor.pids()["api.describe-0"], signal.SIGTERM)
    mill.await_ended([video])
    assert mill.states([video]) == ["indexed"]
    assert mill.broken_promises() == []
