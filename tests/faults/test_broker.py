"""The broker loses answers, connections, itself and all it knows: every video ends once."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator, Sequence
from uuid import UUID

import pytest

from reelmill.video import Stage
from tests.faults.effects import logged
from tests.faults.fleet import Fleet, fleet

pytestmark = pytest.mark.services
LONG = pytest.mark.long


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with fleet(tmp_path_factory.mktemp("fleet"), workers={"api.describe": 2}) as running:
        yield running


def clips(number: int) -> list[str]:
    return [f"clip {n}" for n in range(number)]


def all_indexed(mill: Fleet, ids: list[UUID], errors: Sequence[str] = ()) -> None:
    mill.await_ended(ids, patience_s=120.0)
    assert mill.states(ids) == ["indexed"] * len(ids)
    # Nothing but time: no try is lost with the broker, and so no call.
    assert mill.errors(ids) == list(errors)
    assert mill.broken_promises() == []


def test_a_message_that_vanishes_on_the_wire_is_sent_again(mill: Fleet) -> None:
    """The answer to BRPOP is lost: Redis has handed the message out, and no worker has it."""
    swallowed = []

    def swallow(answer: bytes) -> bool:
        if len(swallowed) < 3 and b"reelmill.transcode" in answer:
            swallowed.append(answer)
            return True
        return False

    mill.broker.swallow = swallow
    ids = mill.ingest(*clips(6))
    mill.await_(lambda: len(swallowed) == 3, "three messages lost")
    mill.broker.mend()
    all_indexed(mill, ids)


def test_a_copy_of_a_message_does_nothing_and_the_video_survives_its_worker(mill: Fleet) -> None:
    """The lease is held, a copy of the message comes, and the worker that holds it is killed."""
    held = mill.order("describe.claimed", "stop")
    [video] = mill.ingest("cat")
    frozen = mill.await_obeyed(held)
    mill.send_copy(video, Stage.DESCRIBE)
    mill.await_(lambda: mill.redis.llen("api.describe") == 0, "the copy to be taken")
    try:
        mill.await_(lambda: any("not claimed" in mill.log_of(f"api.describe-{n}") for n in (0, 1)), "the refusal")
    finally:
        os.killpg(os.getpgid(frozen), signal.SIGKILL)
    all_indexed(mill, [video], ["WorkerLost"])
    assert logged(mill.settings.data_dir, "describe")[str(video)] == 1


def test_connections_ended_by_the_server_cost_nothing(mill: Fleet) -> None:
    ids = mill.ingest(*clips(20))
    for _ in range(3):
        before = mill.ended(ids)
        mill.redis.client_kill_filter(_type="normal", skipme=True)
        mill.await_(lambda before=before: mill.ended(ids) > before or mill.ended(ids) == len(ids), "progress")
    all_indexed(mill, ids)


@pytest.mark.parametrize("outage_s", [0, pytest.param(30, marks=LONG), pytest.param(120, marks=LONG)])
def test_a_broker_that_cannot_be_reached_for_a_while_is_waited_for(mill: Fleet, outage_s: float) -> None:
    ids = mill.ingest(*clips(10))
    mill.await_(lambda: mill.ended(ids) > 0, "the first")
    mill.broker.cut()
    more = mill.ingest(*clips(5))
    mill.await_(lambda: mill.waiting_for("the broker"), "the dispatcher to notice")
    mill.pause(outage_s)
    mill.broker.mend()
    all_indexed(mill, ids + more)


def test_a_connection_that_falls_silent_is_given_up(mill: Fleet) -> None:
    """Half open: nothing passes and nothing ends. A worker must notice by itself."""
    mill.broker.fall_silent()
    ids = mill.ingest(*clips(5))
    mill.await_(lambda: mill.waiting_for("the broker"), "the dispatcher to notice")
    mill.broker.mend()
    all_indexed(mill, ids)


@pytest.mark.parametrize("times", [4, pytest.param(20, marks=LONG)])
def test_a_broker_killed_again_and_again_loses_no_video(mill: Fleet, times: int) -> None:
    ids = mill.ingest(*clips(10 * times))
    for _ in range(times):
        before = mill.ended(ids)
        os.kill(mill.supervisor.pids()["valkey"], signal.SIGKILL)
        mill.await_(lambda before=before: mill.ended(ids) > before or mill.ended(ids) == len(ids), "progress")
    all_indexed(mill, ids)


def test_a_broker_wiped_clean_is_filled_again_from_the_ledger(mill: Fleet) -> None:
    ids = mill.ingest(*clips(40))
    mill.await_(lambda: mill.ended(ids) > 0, "the first")
    mill.redis.flushall()
    all_indexed(mill, ids)
