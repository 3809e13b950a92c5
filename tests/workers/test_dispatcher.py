"""The dispatcher against a real ledger, with a broker in memory whose queues can be read."""

from __future__ import annotations

import json
import threading
from base64 import b64decode
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from celery import Celery
from kombu.transport.memory import Channel

from config.celery import celery_config
from config.queues import CPU, QUEUE_OF, Queue
from reelmill.errors import UnreadableMedia
from reelmill.ledger import Ledger
from reelmill.ledger.lease import Lease
from reelmill.ledger.pool import Pool
from reelmill.ledger.rings import Rings
from reelmill.settings import Settings
from reelmill.video import STAGE_VERSION, Stage, StageResult
from workers.dispatcher import Dispatcher

pytestmark = pytest.mark.services

QUEUES = tuple(Queue(queue, stage, "prefork", 1) for stage, queue in QUEUE_OF.items())
DEPTH = QUEUES[0].depth


@pytest.fixture
def app() -> Iterator[Celery]:
    app = Celery("test", set_as_current=True)
    app.config_from_object(celery_config("memory://", stage_limit_s=60) | {"broker_transport_options": {}})
    yield app
    Channel.queues.clear()
    app.close()


@pytest.fixture
def rings(database_url: str) -> Iterator[Rings]:
    with psycopg.connect(database_url, autocommit=True) as connection:
        rings = Rings(connection, ring_wait_s=1.0)
        rings.lead()
        yield rings


@pytest.fixture
def dispatcher(app: Celery, ledger: Ledger, database_url: str) -> Dispatcher:
    return Dispatcher(app, ledger, QUEUES, Settings(min_free_bytes=0), database_url)


class StopAfter(threading.Event):
    """Is set after so many waits, none of which takes any time."""

    def __init__(self, rounds: int) -> None:
        super().__init__()
        self._rounds = rounds

    def wait(self, timeout: float | None = None) -> bool:
        self._rounds -= 1
        if self._rounds <= 0:
            self.set()
        return self.is_set()


def sent(app: Celery, queue: str) -> list[tuple[str, str]]:
    """Take the messages waiting in a queue: pairs of task id and video id."""
    messages = []
    with app.connection_for_read() as connection, connection.SimpleQueue(queue) as waiting:
        while waiting.qsize():
            message = waiting.get(block=False)
            message.ack()
            messages.append((message.headers["id"], message.payload[0][0]))
    return messages


def enqueue(ledger: Ledger, count: int = 1, **names: Any) -> list[UUID]:
    return [ledger.videos.enqueue(f"/clips/{uuid4()}.mp4", **names).id for _ in range(count)]


def claim(ledger: Ledger, video_id: UUID, stage: Stage, task_id: str) -> Lease:
    lease = ledger.runs.claim(video_id, stage, task_id=task_id, worker="w", device="cpu")
    assert isinstance(lease, Lease)
    return lease


def test_a_new_video_is_rung_with_a_message_that_its_worker_can_claim(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    assert dispatcher.tick(rings) == 1
    [(task_id, named)] = sent(app, CPU)
    assert named == str(video_id)
    lease = claim(ledger, video_id, Stage.TRANSCODE, task_id)
    assert [link.stage for link in lease.links] == list(Stage)


def test_a_video_is_not_rung_twice(dispatcher: Dispatcher, rings: Rings, ledger: Ledger, app: Celery) -> None:
    enqueue(ledger)
    dispatcher.tick(rings)
    dispatcher.tick(rings)
    assert len(sent(app, CPU)) == 1


def test_no_more_videos_are_in_flight_than_a_queue_is_deep(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, app: Celery
) -> None:
    enqueue(ledger, 3 * DEPTH)
    dispatcher.tick(rings)
    dispatcher.tick(rings)
    assert len(sent(app, CPU)) == DEPTH


def test_a_small_tenant_is_rung_beside_a_big_one(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, app: Celery
) -> None:
    enqueue(ledger, 3 * DEPTH, tenant="big")
    small = {str(video_id) for video_id in enqueue(ledger, 3, tenant="small")}
    dispatcher.tick(rings)
    assert small <= {video_id for _, video_id in sent(app, CPU)}


def test_only_the_missing_stages_are_rung(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    ledger.runs.commit(claim(ledger, video_id, Stage.TRANSCODE, task_id), StageResult())
    with pool.connection() as connection:  # The message to describe is lost, though there is a worker for it.
        connection.execute(
            "INSERT INTO reelmill.processes (name, kind, queues, started_at) "
            "VALUES ('w1', 'worker', %s, now() - interval '1 minute')",
            [[QUEUE_OF[Stage.DESCRIBE]]],
        )
        connection.execute("UPDATE reelmill.rings SET due_at = now() - interval '1 s'")
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, QUEUE_OF[Stage.DESCRIBE])
    lease = claim(ledger, video_id, Stage.DESCRIBE, task_id)
    assert [link.stage for link in lease.links] == [Stage.DESCRIBE, Stage.EMBED, Stage.INDEX]


def test_a_stage_whose_version_was_raised_under_way_is_rung_before_the_others(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery, monkeypatch: pytest.MonkeyPatch
) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    ledger.runs.commit(claim(ledger, video_id, Stage.TRANSCODE, task_id), StageResult())
    with pool.connection() as connection:
        connection.execute("DELETE FROM reelmill.rings")
        connection.execute("UPDATE reelmill.videos SET ring_id = NULL")
    monkeypatch.setitem(STAGE_VERSION, Stage.TRANSCODE, 2)
    assert dispatcher.tick(rings) == 1
    [(task_id, _)] = sent(app, CPU)
    assert [link.stage for link in claim(ledger, video_id, Stage.TRANSCODE, task_id).links] == list(Stage)


def test_a_stage_that_is_done_is_left_out_of_the_chain(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO reelmill.stage_runs (video_id, stage, version, state) VALUES (%s, 'embed', 1, 'done')",
            [video_id],
        )
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    lease = claim(ledger, video_id, Stage.TRANSCODE, task_id)
    assert [link.stage for link in lease.links] == [Stage.TRANSCODE, Stage.DESCRIBE, Stage.INDEX]


def test_the_leader_prunes_what_ended_long_ago(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    ledger.runs.end(claim(ledger, video_id, Stage.TRANSCODE, task_id), UnreadableMedia())
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET finished_at = now() - interval '91 days'")
    dispatcher.lead(rings, StopAfter(rounds=1))
    assert (ledger.status.video(video_id) or {})["stages"] == []


def test_a_full_queue_further_on_cuts_the_chain_and_keeps_the_first_going(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    enqueue(ledger, DEPTH)
    dispatcher.tick(rings)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.rings SET queue = %s", [QUEUE_OF[Stage.DESCRIBE]])
    sent(app, CPU)
    [video_id] = enqueue(ledger)
    assert dispatcher.tick(rings) == 1
    [(task_id, _)] = sent(app, CPU)
    assert [link.stage for link in claim(ledger, video_id, Stage.TRANSCODE, task_id).links] == [Stage.TRANSCODE]


def test_a_paused_lane_is_not_rung_and_holds_up_no_other(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    transcoded, queued = enqueue(ledger, 2)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET state = 'transcoded' WHERE id = %s", [transcoded])
    ledger.lanes.pause(QUEUE_OF[Stage.DESCRIBE], 60, "the provider is down")
    assert dispatcher.tick(rings) == 1
    [(task_id, video_id)] = sent(app, CPU)
    assert video_id == str(queued)
    assert [link.stage for link in claim(ledger, queued, Stage.TRANSCODE, task_id).links] == [Stage.TRANSCODE]


def test_a_resumed_lane_is_rung_again(dispatcher: Dispatcher, rings: Rings, ledger: Ledger, app: Celery) -> None:
    enqueue(ledger)
    ledger.lanes.pause(CPU, 60, "by hand")
    assert dispatcher.tick(rings) == 0
    ledger.lanes.resume(CPU)
    assert dispatcher.tick(rings) == 1


def test_what_was_sent_before_the_pause_may_still_run(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    ledger.lanes.pause(CPU, 60, "by hand")
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    assert claim(ledger, video_id, Stage.TRANSCODE, task_id).attempt == 1


def test_in_a_paused_lane_a_message_counts_as_lost_by_the_same_rules_and_is_sent_anew_once_it_is_resumed(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    ledger.lanes.pause(CPU, 60, "by hand")
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.rings SET due_at = now() - interval '1 s'")
    dispatcher.tick(rings)
    assert rings.in_flight() == {CPU: 1}  # Its workers are away as well, so nothing tells that it is lost.
    with pool.connection() as connection:
        connection.execute(
            "INSERT INTO reelmill.processes (name, kind, queues, started_at) "
            "VALUES ('w1', 'worker', %s, now() - interval '1 minute')",
            [[CPU]],
        )
    dispatcher.tick(rings)
    assert rings.in_flight() == {}
    ledger.lanes.resume(CPU)
    sent(app, CPU)
    assert dispatcher.tick(rings) == 1
    [(_, named)] = sent(app, CPU)
    assert named == str(video_id)


def test_too_little_room_on_the_disk_holds_up_transcodes_alone_and_fails_no_video(
    ledger: Ledger, rings: Rings, pool: Pool, app: Celery, database_url: str, tmp_path: Path
) -> None:
    transcoded, queued = enqueue(ledger, 2)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET state = 'transcoded' WHERE id = %s", [transcoded])
        connection.execute(
            "INSERT INTO reelmill.stage_runs (video_id, stage, version, state) VALUES (%s, %s, %s, 'done')",
            [transcoded, Stage.TRANSCODE, STAGE_VERSION[Stage.TRANSCODE]],
        )
    full = Settings(data_dir=tmp_path, min_free_bytes=2**62)
    assert Dispatcher(app, ledger, QUEUES, full, database_url).tick(rings) == 1
    assert len(sent(app, QUEUE_OF[Stage.DESCRIBE])) == 1
    shown = ledger.status.video(queued) or {}
    assert (shown["state"], shown["error"]) == ("queued", None)


def test_a_video_that_keeps_losing_its_worker_is_parked_with_a_line_for_each_loss(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    for attempt in (1, 2, 3):
        dispatcher.tick(rings)
        [(task_id, _)] = sent(app, CPU)
        ledger.runs.claim(video_id, Stage.TRANSCODE, task_id=task_id, worker=f"cpu@host{attempt}", device="cpu")
        with pool.connection() as connection:
            connection.execute("UPDATE reelmill.stage_runs SET lease_until = now() - interval '1 s'")
        dispatcher.end_expired()
        with pool.connection() as connection:
            connection.execute("UPDATE reelmill.videos SET next_at = now()")
    shown = ledger.status.video(video_id) or {}
    assert (shown["state"], shown["error"]["class"]) == ("failed", "WorkerLost")
    lines = shown["stages"][0]["error"]["evidence"].splitlines()
    assert [line.split(", began ")[0] for line in lines] == [
        f"attempt {attempt}: cpu@host{attempt} on cpu" for attempt in (1, 2, 3)
    ]
    assert all("lease ran out 20" in line for line in lines)


def test_a_lease_that_ran_out_is_ended_and_the_video_rung_again(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    claim(ledger, video_id, Stage.TRANSCODE, task_id)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.stage_runs SET lease_until = now() - interval '1 s'")
    dispatcher.end_expired()
    shown = ledger.status.video(video_id) or {}
    assert shown["waiting_for"] == "another try at transcode after WorkerLost"
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET next_at = now()")
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    assert claim(ledger, video_id, Stage.TRANSCODE, task_id).attempt == 2


def test_a_new_leader_lets_the_workers_renew_before_it_ends_any_lease(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, pool: Pool, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    claim(ledger, video_id, Stage.TRANSCODE, task_id)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.stage_runs SET lease_until = now() - interval '1 s'")
    stop = StopAfter(rounds=3)
    dispatcher.lead(rings, stop)
    assert len(ledger.runs.expired()) == 1


def test_a_failed_video_is_not_rung(dispatcher: Dispatcher, rings: Rings, ledger: Ledger, app: Celery) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    [(task_id, _)] = sent(app, CPU)
    ledger.runs.end(claim(ledger, video_id, Stage.TRANSCODE, task_id), UnreadableMedia())
    assert dispatcher.tick(rings) == 0


def test_a_broker_that_is_away_leaves_every_video_to_be_rung_later(
    ledger: Ledger, rings: Rings, database_url: str
) -> None:
    away = Celery("away", set_as_current=False)
    away.config_from_object(
        celery_config("redis://127.0.0.1:9/0", stage_limit_s=60)
        | {"task_publish_retry": False, "broker_connection_timeout": 1}
    )
    [video_id] = enqueue(ledger)
    Dispatcher(away, ledger, QUEUES, Settings(), database_url).tick(rings)
    assert rings.in_flight() == {}
    assert (ledger.status.video(video_id) or {})["waiting_for"] == "the broker"


def test_messages_are_json_that_names_the_video_and_nothing_else(
    dispatcher: Dispatcher, rings: Rings, ledger: Ledger, app: Celery
) -> None:
    [video_id] = enqueue(ledger)
    dispatcher.tick(rings)
    with app.connection_for_read() as connection:
        raw = connection.default_channel._get(CPU)
    arguments, keywords, embedded = json.loads(b64decode(raw["body"]))
    assert raw["content-type"] == "application/json"
    assert (arguments, keywords) == ([str(video_id)], {})
    assert {tuple(link["args"]) for link in embedded["chain"]} == {(str(video_id),)}
