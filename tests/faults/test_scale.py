"""Many videos of few tenants, workers that come and go, clocks that are wrong, messages of other versions."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest
from celery import Celery

from tests.faults.fleet import Fleet, fleet
from tests.faults.toolbox import SKEW_S
from workers.probe import fault

pytestmark = pytest.mark.services

BIG = 10_000
SMALL = 10
IN_FLIGHT = 32
"""As many of the big tenant's videos as may be in a queue when the small one's come."""


@pytest.fixture(scope="module")
def mill(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    """Five minutes fast and five slow: whose clock is whose must not matter."""
    clocks = {"cpu-0": {SKEW_S: "300"}, "api.describe-0": {SKEW_S: "-300"}}
    with fleet(tmp_path_factory.mktemp("fleet"), dispatchers=2, told=clocks) as running:
        yield running


def all_indexed(mill: Fleet, number: int) -> None:
    ids = mill.ingest(*(f"clip {n}" for n in range(number)))
    mill.await_ended(ids)
    assert mill.states(ids) == ["indexed"] * number
    assert mill.errors(ids) == []
    assert mill.broken_promises() == []


def test_clocks_five_minutes_off_change_nothing(mill: Fleet) -> None:
    all_indexed(mill, 10)


def test_workers_that_come_and_go_lose_nothing(mill: Fleet) -> None:
    ids = mill.ingest(*(f"clip {n}" for n in range(100)))
    for _ in range(2):
        with mill.more_workers("api.describe", 3):
            before = mill.ended(ids)
            mill.await_(lambda before=before: mill.ended(ids) > before or mill.ended(ids) == len(ids), "progress")
    mill.await_ended(ids)
    assert mill.states(ids) == ["indexed"] * len(ids)
    assert mill.broken_promises() == []


def test_a_message_from_another_version_is_borne(mill: Fleet) -> None:
    """Of a task that is not known here, with arguments that are not, and with none at all."""
    app = Celery("another version", broker=mill.servers.broker_url, set_as_current=False)
    with app:
        app.send_task("reelmill.unknown", queue="cpu")
        app.send_task("reelmill.transcode", args=["not a video's id"], queue="cpu")
        app.send_task("reelmill.transcode", kwargs={"profile": "new"}, queue="cpu")
    all_indexed(mill, 3)


def test_a_worker_that_lives_and_takes_nothing_is_found_by_its_probe(mill: Fleet) -> None:
    host = socket.gethostname()
    app = Celery("operator", broker=mill.servers.broker_url, set_as_current=False)
    with app:
        app.control.cancel_consumer("index", reply=True)
        ids = mill.ingest("cat")
        mill.await_(lambda: mill.number("SELECT count(*) FROM reelmill.rings WHERE queue = 'index'"), "a message")
        assert fault(mill.servers, "index", host=host) == ""
        # A minute later, without the wait.
        mill.rows("UPDATE reelmill.rings SET ready_at = ready_at - interval '1 minute' RETURNING 1")
        mill.rows("UPDATE reelmill.processes SET started_at = started_at - interval '1 hour' RETURNING 1")
        mill.rows("UPDATE reelmill.stage_runs SET started_at = started_at - interval '1 hour' RETURNING 1")
        assert "has taken nothing" in fault(mill.servers, "index", host=host)
        assert fault(mill.servers, "cpu", host=host) == ""
        app.control.add_consumer("index", reply=True)
    mill.await_ended(ids)
    assert fault(mill.servers, "index", host=host) == ""
    assert mill.broken_promises() == []


def test_a_small_tenant_does_not_wait_for_a_big_one(mill: Fleet) -> None:
    mill.rows(
        "INSERT INTO reelmill.videos (tenant, source) "
        "SELECT 'big', '/missing/' || n FROM generate_series(1, %s) AS n RETURNING 1",
        BIG,
    )
    mill.await_(lambda: mill.started("big") > IN_FLIGHT, "the big tenant's first")
    before = mill.started("big")
    ids = mill.ingest(*(f"clip {n}" for n in range(SMALL)), tenant="small")
    mill.await_(lambda: mill.started("small") == SMALL, "the small tenant's last")
    # In the queue already, one for each turn, and what was begun while this test looked.
    assert mill.started("big") - before <= 3 * (IN_FLIGHT + SMALL)
    mill.await_ended(ids)
    assert mill.states(ids) == ["indexed"] * SMALL
    mill.rows(
        "DELETE FROM reelmill.videos WHERE id IN (SELECT id FROM reelmill.videos "
        "WHERE tenant = 'big' AND ring_id IS NULL FOR UPDATE SKIP LOCKED) RETURNING 1"
    )
    mill.await_(lambda: not mill.messages(), "the queues to be empty")
    assert mill.broken_promises() == []
