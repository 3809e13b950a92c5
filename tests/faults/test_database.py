"""The database dies in the middle of a commit, or its answer is lost: one effect of each stage."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator

import pytest

from tests.faults.fleet import Fleet, fleet

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet")) as running:
        yield running


@pytest.mark.parametrize("stage", ["describe", "index"])
def test_a_database_killed_before_it_has_committed_gets_the_result_once(mill: Fleet, stage: str) -> None:
    order = mill.order(f"{stage}.committing", "stop")
    [video] = mill.ingest("cat")
    frozen = mill.await_obeyed(order)
    server = mill.supervisor.pids()["postgres"]
    os.kill(server, signal.SIGKILL)
    mill.await_(lambda: mill.supervisor.pids().get("postgres", server) != server, "the database to be back")
    os.killpg(os.getpgid(frozen), signal.SIGCONT)
    mill.await_ended([video])
    assert mill.states([video]) == ["indexed"]
    assert mill.errors([video]) == []
    assert mill.broken_promises() == []


@pytest.mark.parametrize("stage", ["describe", "index"])
def test_a_commit_whose_answer_is_lost_is_not_done_again(mill: Fleet, stage: str) -> None:
    worker = "api.describe-0" if stage == "describe" else "index-0"
    order = mill.order(f"{stage}.committing", "stop")
    [video] = mill.ingest("cat")
    group = os.getpgid(mill.await_obeyed(order))
    mill.database.swallow = lambda answer: b"COMMIT\x00" in answer
    os.killpg(group, signal.SIGCONT)
    mill.await_(lambda: "call=commit" in mill.log_of(worker), "the worker to miss its answer")
    mill.database.mend()
    mill.await_ended([video])
    assert mill.states([video]) == ["indexed"]
    assert mill.errors([video]) == []
    assert mill.broken_promises() == []


def test_connections_that_break_again_and_again_cost_no_video(mill: Fleet) -> None:
    ids = mill.ingest(*(f"clip {number}" for number in range(20)))
    for _ in range(4):
        before = mill.ended(ids)
        mill.database.drop()
        mill.await_(lambda before=before: mill.ended(ids) > before or mill.ended(ids) == len(ids), "progress")
    mill.await_ended(ids)
    assert mill.states(ids) == ["indexed"] * 20
    assert mill.broken_promises() == []


def test_the_lead_is_taken_up_again_when_the_leaders_connection_breaks(mill: Fleet) -> None:
    for _ in range(3):
        led = mill.log_of("dispatcher-0").count("leading")
        mill.rows(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE application_name = 'reelmill dispatcher'"
        )
        ids = mill.ingest("cat", "dog")
        mill.await_ended(ids)
        assert mill.log_of("dispatcher-0").count("leading") > led
        assert mill.states(ids) == ["indexed"] * 2
    assert mill.broken_promises() == []
