"""The mill's checks on a ledger of the test's own, brought into any plight."""

from __future__ import annotations

from collections.abc import Callable

import psycopg
import pytest

from reelmill.doctor import Check, mill
from reelmill.ledger import Ledger

Examine = Callable[[str], Check]
RingUp = Callable[[str, str | None], None]


@pytest.fixture
def examine(database_url: str) -> Examine:
    """One of the mill's checks, by its name."""

    def examine(name: str) -> Check:
        with psycopg.connect(database_url, autocommit=True) as connection:
            [found] = [check for check in mill.checks(connection) if check.name == name]
        return found

    return examine


@pytest.fixture
def change(database_url: str) -> Callable[[str], None]:
    """Run a statement on the ledger."""

    def change(statement: str) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            connection.execute(statement.encode())

    return change


@pytest.fixture
def ring(database_url: str, ledger: Ledger) -> RingUp:
    """A new video with a message out for a queue, due at an interval from now; claimed when it has none."""

    def ring(queue: str, due: str | None) -> None:
        video_id = ledger.videos.enqueue(f"/{queue}-{due}.mp4").id
        with psycopg.connect(database_url) as connection:
            connection.execute(
                "WITH ring AS (INSERT INTO reelmill.rings (video_id, links, stage, queue, ready_at, due_at) "
                "VALUES (%(id)s, '[]', 'transcode', %(queue)s, "
                "coalesce(now() + %(due)s::interval - interval '10 s', now()), "
                "now() + %(due)s::interval) RETURNING id) "
                "UPDATE reelmill.videos SET ring_id = ring.id FROM ring WHERE videos.id = %(id)s",
                {"id": video_id, "queue": queue, "due": due},
            )

    return ring
