"""A worker that lives and takes nothing is told from one that is busy, new, or has nothing to take."""

from __future__ import annotations

from collections.abc import Callable
from uuid import UUID

import psycopg
import pytest

from reelmill.ledger import Ledger
from reelmill.ledger.consumers import Consumer, consumers
from reelmill.ledger.lease import Lease
from reelmill.ledger.pool import Pool
from reelmill.ledger.rings import Ring, Rings
from reelmill.video import Stage

pytestmark = pytest.mark.services

QUEUE = f"q.{Stage.TRANSCODE}"
Add = Callable[..., UUID]
RingUp = Callable[..., Ring]


@pytest.fixture
def worker(ledger: Ledger, pool: Pool) -> str:
    """A worker with two slots that has been there for an hour."""
    ledger.processes.beat("w1@here:7", "worker", [QUEUE], slots=2)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.processes SET started_at = now() - interval '1 hour'")
    return "w1@here"


@pytest.fixture
def claim(ledger: Ledger, worker: str) -> Callable[..., Lease]:
    """Claim a ring's transcode as that worker."""

    def claim(ring: Ring) -> Lease:
        task_id = ring.links[0].task_id
        lease = ledger.runs.claim(ring.video_id, Stage.TRANSCODE, task_id=task_id, worker=worker, device="cpu")
        assert isinstance(lease, Lease)
        return lease

    return claim


def sent(pool: Pool, seconds_ago: float, *, losses: int = 0) -> None:
    """Let all unclaimed messages have been sent so long ago, after so many that were lost."""
    with pool.connection() as connection:
        connection.execute(
            "UPDATE reelmill.rings SET ready_at = now() - %(ago)s * interval '1 s', "
            "due_at = now() - %(ago)s * interval '1 s' + 10 * 2 ^ %(losses)s * interval '1 s' WHERE due_at IS NOT NULL",
            {"ago": seconds_ago, "losses": losses},
        )
        connection.execute("UPDATE reelmill.videos SET lost_rings = %s", [losses])


def claimed(pool: Pool, seconds_ago: float) -> None:
    """Let all claims have been made so long ago."""
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.stage_runs SET started_at = now() - %s * interval '1 s'", [seconds_ago])


def judged(database_url: str) -> Consumer:
    with psycopg.connect(database_url, autocommit=True) as connection:
        [found] = consumers(connection)
    return found


def test_a_worker_with_nothing_to_take_is_well(database_url: str, worker: str) -> None:
    found = judged(database_url)
    assert (found.queue, found.name, found.host, found.messages) == (QUEUE, "w1@here:7", "here", 0)
    assert not found.silent


@pytest.mark.parametrize(("seconds_ago", "silent"), [(40, False), (50, True)])
def test_a_message_that_waits_long_before_an_idle_worker_gives_it_away(
    database_url: str, pool: Pool, worker: str, add: Add, ring: RingUp, seconds_ago: float, silent: bool
) -> None:
    ring(add())
    sent(pool, seconds_ago)
    found = judged(database_url)
    assert (found.silent, found.messages) == (silent, 1)


# Rings of 10 s and 20 s were dropped as lost before the present one, which was sent 15 or 20 s ago.
@pytest.mark.parametrize(("seconds_ago", "silent"), [(14, False), (20, True)])
def test_sending_a_message_anew_hides_nothing(
    database_url: str, pool: Pool, worker: str, add: Add, ring: RingUp, seconds_ago: float, silent: bool
) -> None:
    ring(add())
    sent(pool, seconds_ago, losses=2)
    assert judged(database_url).silent is silent


@pytest.mark.parametrize(("seconds_ago", "silent"), [(30, False), (50, True)])
def test_a_worker_that_has_just_claimed_something_consumes(
    database_url: str, pool: Pool, ledger: Ledger, add: Add, ring: RingUp, claim: Callable[..., Lease],
    seconds_ago: float, silent: bool,
) -> None:  # fmt: skip
    lease = claim(ring(add(), (Stage.TRANSCODE,)))
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.stage_runs SET state = 'done'")
        connection.execute("DELETE FROM reelmill.rings")
    assert lease.attempt == 1
    ring(add())
    sent(pool, 300)
    claimed(pool, seconds_ago)
    assert judged(database_url).silent is silent


@pytest.mark.parametrize(("busy", "silent"), [(2, False), (1, True)])
def test_a_worker_with_all_slots_busy_need_take_nothing_more(
    database_url: str, pool: Pool, add: Add, ring: RingUp, claim: Callable[..., Lease], busy: int, silent: bool
) -> None:
    for _ in range(busy):
        claim(ring(add()))
    ring(add())
    sent(pool, 300)
    claimed(pool, 300)
    found = judged(database_url)
    assert (found.silent, found.messages) == (silent, 1)


def test_a_slot_whose_lease_has_run_out_is_free(
    database_url: str, pool: Pool, add: Add, ring: RingUp, claim: Callable[..., Lease]
) -> None:
    for _ in range(2):
        claim(ring(add()))
    ring(add())
    sent(pool, 300)
    claimed(pool, 300)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.stage_runs SET lease_until = now() - interval '1 s'")
    assert judged(database_url).silent


def test_a_worker_that_has_just_come_is_given_time(
    database_url: str, pool: Pool, worker: str, add: Add, ring: RingUp
) -> None:
    ring(add())
    sent(pool, 300)
    with pool.connection() as connection:
        connection.execute("UPDATE reelmill.processes SET started_at = now()")
    assert not judged(database_url).silent


def test_messages_of_another_queue_are_not_its_own(
    database_url: str, pool: Pool, worker: str, add: Add, ring: RingUp
) -> None:
    ring(add(), (Stage.INDEX,))
    sent(pool, 300)
    assert not judged(database_url).silent


def test_messages_withdrawn_while_the_broker_is_away_accuse_nobody(
    database_url: str, pool: Pool, worker: str, rings: Rings, add: Add, ring: RingUp
) -> None:
    rung = ring(add())
    sent(pool, 300)
    rings.withdraw([rung])
    assert not judged(database_url).silent
