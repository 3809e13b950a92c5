"""Rings: the chains under way. One dispatcher leads; only it makes rings or takes them for lost."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.types.json import Jsonb

from reelmill.ledger import locks
from reelmill.ledger.lease import Link
from reelmill.ledger.processes import ALIVE_S
from reelmill.ledger.queries import query
from reelmill.ledger.stages import present_stages
from reelmill.video import Stage, State

LONGEST_DOUBLING = 6
"""A ring that keeps being lost is waited for at most 2**6 times as long."""

OVERTAKEN_S = 5.0
"""A queue hands messages out in order; one sent this much later being claimed means the earlier was lost."""


@dataclass(frozen=True)
class Ring:
    """A chain to be sent for one video."""

    video_id: UUID
    links: tuple[Link, ...]


class Rings:
    """The ring table, seen through the leader's own connection.

    All writes go over the connection that holds the leader's lock, so a dispatcher that has lost the lock
    cannot ring any more.
    """

    def __init__(self, connection: Connection[Any], *, ring_wait_s: float) -> None:
        self.connection = connection
        self.ring_wait_s = ring_wait_s

    def lead(self) -> bool:
        """Try to become the leader; False while another dispatcher leads."""
        row = self.connection.execute("SELECT pg_try_advisory_lock(%s)", [locks.LEAD]).fetchone()
        return bool(row and row[0])

    def in_flight(self) -> dict[str, int]:
        """How many videos wait in or are worked on from each queue."""
        rows = self.connection.execute("SELECT queue, count(*) FROM reelmill.rings GROUP BY queue")
        return {str(queue): int(count) for queue, count in rows}

    def waiting(self, state: State, *, limit: int) -> dict[str, list[UUID]]:
        """The videos in this state that may be rung now: up to `limit` for each tenant, most urgent first."""
        tenants: dict[str, list[UUID]] = {}
        for tenant, video_id in self.connection.execute(query("waiting"), {"state": state, "limit": limit}):
            tenants.setdefault(tenant, []).append(video_id)
        return tenants

    def missing(self, video_ids: Sequence[UUID]) -> dict[UUID, tuple[Stage, ...]]:
        """For each of these videos the stages whose present version is not done, in order."""
        rows = self.connection.execute(query("missing"), {"video_ids": list(video_ids)} | present_stages())
        return {video_id: tuple(map(Stage, stages)) for video_id, stages in rows}

    def settle(self, video_ids: Sequence[UUID]) -> None:
        """Give waiting videos the state before their first missing stage; `indexed` when nothing is missing."""
        self.connection.execute(query("settle"), {"video_ids": list(video_ids)} | present_stages())

    def start(self, rings: Sequence[Ring]) -> list[Ring]:
        """Write the rings down, before their chains are sent; those of videos rung meanwhile are left out."""
        with self.connection.transaction():
            rows = self.connection.execute(
                query("start_rings"),
                {
                    "video_ids": [ring.video_id for ring in rings],
                    "links": [Jsonb([asdict(link) for link in ring.links]) for ring in rings],
                    "ring_wait_s": self.ring_wait_s,
                    "longest_doubling": LONGEST_DOUBLING,
                },
            ).fetchall()
        started = {video_id for (video_id,) in rows}
        return [ring for ring in rings if ring.video_id in started]

    def withdraw(self, rings: Sequence[Ring]) -> None:
        """Take back rings whose chains could not be sent."""
        self.connection.execute(query("withdraw_rings"), {"video_ids": [ring.video_id for ring in rings]})

    def drop_lost(self) -> list[UUID]:
        """End the rings whose message must be lost, so that their videos are rung anew; returns the videos.

        A message is taken for lost when it is overdue and either nothing from its queue is being worked on
        although a worker of that queue has been there for a while, or one sent later from the same queue
        already is. A busy queue alone loses nothing, and neither does one whose workers are away.
        """
        rows = self.connection.execute(
            query("drop_lost_rings"),
            {"overtaken_s": OVERTAKEN_S, "ring_wait_s": self.ring_wait_s, "alive_s": ALIVE_S},
        ).fetchall()
        return [video_id for (video_id,) in rows]
