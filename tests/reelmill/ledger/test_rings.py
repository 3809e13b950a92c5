"""Rings: what may be rung, and when a message is taken for lost."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from uuid import UUID, uuid4

import psycopg
import pytest

from reelmill.errors import Busy
from reelmill.ledger import Ledger, locks
from reelmill.ledger.lease import Lease, Link
from reelmill.ledger.pool import Pool
from reelmill.ledger.rings import Ring, Rings
from reelmill.video import Stage, StageResult, State

pytestmark = pytest.mark.services

Add = Callable[..., UUID]
RingUp = Callable[..., Ring]
Claim = Callable[..., Lease]


def make_overdue(pool: Pool, ring: Ring, *, sent_s_ago: float = 60) -> None:
    with pool.connection() as connection:
        connection.execute(
            "UPDATE reelmill.rings SET due_at = now() - interval '1 s', ready_at = now() - make_interval(secs => %s) "
            "WHERE video_id = %s",
            [sent_s_ago, ring.video_id],
        )


def waiting(rings: Rings, state: State = State.QUEUED) -> list[UUID]:
    return [video_id for videos in rings.waiting(state, limit=100).values() for video_id in videos]


def test_one_dispatcher_leads(rings: Rings, database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as connection:
        assert not Rings(connection, ring_wait_s=1).lead()


def test_another_leads_once_the_leader_has_gone(rings: Rings, database_url: str) -> None:
    rings.connection.close()
    with psycopg.connect(database_url, autocommit=True) as connection:
        successor = Rings(connection, ring_wait_s=1)
        # The server notices a closed connection at once, but not in the same instant.
        connection.execute("SET lock_timeout = '10s'")
        connection.execute("SELECT pg_advisory_lock(%s)", [locks.LEAD])
        assert successor.lead()


def test_a_video_is_rung_once(rings: Rings, add: Add, ring: RingUp) -> None:
    rung = ring(add())
    assert waiting(rings) == []
    assert rings.start([Ring(rung.video_id, rung.links)]) == []


def test_what_is_urgent_comes_first_then_what_is_old(rings: Rings, add: Add) -> None:
    first, second, urgent = add(), add(), add(priority=5)
    assert waiting(rings) == [urgent, first, second]


def test_every_tenant_is_asked_for(rings: Rings, add: Add) -> None:
    for tenant in ("a", "b", "c"):
        for _ in range(3):
            add(tenant=tenant)
    assert {tenant: len(videos) for tenant, videos in rings.waiting(State.QUEUED, limit=2).items()} == {
        "a": 2,
        "b": 2,
        "c": 2,
    }


def test_a_video_that_waits_for_its_time_is_not_rung(
    rings: Rings, ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    lease = claim(ring(add()), Stage.TRANSCODE)
    ledger.runs.end(lease, Busy("No permit.", retry_after_s=3600))
    assert waiting(rings) == []


def test_the_ring_follows_its_video_from_queue_to_queue(
    rings: Rings, ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add())
    assert rings.in_flight() == {"q.transcode": 1}
    ledger.runs.commit(claim(rung, Stage.TRANSCODE), StageResult())
    assert rings.in_flight() == {"q.describe": 1}


def test_a_chain_that_was_cut_short_leaves_the_video_to_be_rung_again(
    rings: Rings, ledger: Ledger, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add(), (Stage.TRANSCODE,))
    ledger.runs.commit(claim(rung, Stage.TRANSCODE), StageResult())
    assert rings.in_flight() == {}
    assert waiting(rings, State.TRANSCODED) == [rung.video_id]


@pytest.mark.usefixtures("workers")
def test_an_overdue_message_of_an_idle_queue_is_lost(rings: Rings, pool: Pool, add: Add, ring: RingUp) -> None:
    rung = ring(add())
    assert rings.drop_lost() == []
    make_overdue(pool, rung)
    assert rings.drop_lost() == [rung.video_id]
    assert waiting(rings) == [rung.video_id]


def test_a_queue_whose_workers_are_away_loses_nothing(rings: Rings, pool: Pool, add: Add, ring: RingUp) -> None:
    make_overdue(pool, ring(add()))
    assert rings.drop_lost() == []


def test_a_worker_that_has_just_come_is_given_time_to_fetch(
    rings: Rings, ledger: Ledger, pool: Pool, add: Add, ring: RingUp
) -> None:
    make_overdue(pool, ring(add()))
    ledger.processes.beat("w1", "worker", ["q.transcode"])
    assert rings.drop_lost() == []


@pytest.mark.usefixtures("workers")
def test_messages_that_come_while_their_rings_are_replaced_leave_one_ring_for_each_video(
    rings: Rings, ledger: Ledger, pool: Pool, add: Add, ring: RingUp
) -> None:
    rung = ring(add())
    late, ended = [rung], threading.Event()

    def deliver() -> int:
        leases = 0
        while not ended.is_set():
            task_id = late[-1].links[0].task_id
            claimed = ledger.runs.claim(rung.video_id, Stage.TRANSCODE, task_id=task_id, worker="w", device="cpu")
            if isinstance(claimed, Lease):
                leases += 1
                ledger.runs.end(claimed, Busy("again", retry_after_s=0))
        return leases

    with ThreadPoolExecutor(4) as threads:
        delivering = [threads.submit(deliver) for _ in range(4)]
        for _ in range(150):
            make_overdue(pool, rung)
            rings.drop_lost()
            links = tuple(Link(stage, str(uuid4()), f"q.{stage}") for stage in Stage)
            late += rings.start([Ring(rung.video_id, links)])
        ended.set()
        assert sum(each.result() for each in delivering) > 0
    with pool.connection() as connection:
        [(ring_of_video, ring_there)] = connection.execute(
            "SELECT v.ring_id, r.id FROM reelmill.videos AS v LEFT JOIN reelmill.rings AS r ON r.video_id = v.id"
        ).fetchall()
    assert ring_of_video == ring_there


@pytest.mark.usefixtures("workers")
def test_a_message_lost_between_two_stages_is_noticed(
    rings: Rings, ledger: Ledger, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    rung = ring(add())
    ledger.runs.commit(claim(rung, Stage.TRANSCODE), StageResult())
    make_overdue(pool, rung)
    assert rings.drop_lost() == [rung.video_id]


@pytest.mark.usefixtures("workers")
def test_a_busy_queue_loses_nothing(rings: Rings, pool: Pool, add: Add, ring: RingUp, claim: Claim) -> None:
    claim(ring(add()), Stage.TRANSCODE)
    queued_behind = ring(add())
    make_overdue(pool, queued_behind, sent_s_ago=0)
    assert rings.drop_lost() == []


@pytest.mark.usefixtures("workers")
def test_a_message_overtaken_by_a_later_one_is_lost(
    rings: Rings, pool: Pool, add: Add, ring: RingUp, claim: Claim
) -> None:
    earlier = ring(add())
    make_overdue(pool, earlier, sent_s_ago=60)
    claim(ring(add()), Stage.TRANSCODE)
    assert rings.drop_lost() == [earlier.video_id]


def test_a_claimed_ring_is_never_dropped(rings: Rings, add: Add, ring: RingUp, claim: Claim) -> None:
    claim(ring(add()), Stage.TRANSCODE)
    assert rings.drop_lost() == []


@pytest.mark.usefixtures("workers")
def test_each_loss_doubles_the_wait(rings: Rings, pool: Pool, add: Add, ring: RingUp) -> None:
    waits = []
    rung = ring(add())
    for _ in range(3):
        with pool.connection() as connection:
            row = connection.execute("SELECT extract(epoch FROM due_at - ready_at)::float FROM reelmill.rings")
            waits.append(round(row.fetchall()[0][0]))
        make_overdue(pool, rung)
        rings.drop_lost()
        rung = ring(rung.video_id)
    assert waits == [1, 2, 4]


def test_a_ring_whose_chain_could_not_be_sent_is_withdrawn(rings: Rings, add: Add, ring: RingUp) -> None:
    rung = ring(add())
    rings.withdraw([rung])
    assert waiting(rings) == [rung.video_id]


def test_a_ring_that_was_claimed_after_all_is_not_withdrawn(rings: Rings, add: Add, ring: RingUp, claim: Claim) -> None:
    rung = ring(add())
    claim(rung, Stage.TRANSCODE)
    rings.withdraw([rung])
    assert rings.in_flight() == {"q.transcode": 1}


def test_a_finished_video_is_never_rung(rings: Rings, ledger: Ledger, add: Add, ring: RingUp, claim: Claim) -> None:
    rung = ring(add())
    for stage in Stage:
        ledger.runs.commit(claim(rung, stage), StageResult())
    link = Link(Stage.TRANSCODE, str(uuid4()), "cpu")
    assert rings.start([Ring(rung.video_id, (link,))]) == []
