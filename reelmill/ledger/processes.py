"""Which processes are alive, by their own word."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from reelmill.ledger.pool import Pool

BEAT_S = 3.0
"""Seconds between a process's signs of life."""
ALIVE_S = 12.0
"""Seconds without one after which a process counts as gone."""


@dataclass(frozen=True)
class Process:
    """A worker or dispatcher that has said so within `ALIVE_S`."""

    name: str
    kind: str
    queues: tuple[str, ...]
    started_at: datetime


class Processes:
    """The processes of one database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def beat(self, name: str, kind: str, queues: Sequence[str] = (), *, slots: int = 1) -> None:
        """Say that this process is alive and can run so many tasks at once; the first time adds it."""
        with self.pool.connection() as connection:
            connection.execute(
                "INSERT INTO reelmill.processes (name, kind, queues, slots) VALUES (%s, %s, %s, %s) "
                "ON CONFLICT (name) DO UPDATE SET seen_at = clock_timestamp(), "
                "queues = excluded.queues, slots = excluded.slots",
                [name, kind, list(queues), slots],
            )

    def leave(self, name: str) -> None:
        """Say that this process has ended."""
        with self.pool.connection() as connection:
            connection.execute("DELETE FROM reelmill.processes WHERE name = %s", [name])

    def forget_dead(self) -> None:
        """Forget the processes that were killed more than a day ago and so never left."""
        with self.pool.connection() as connection:
            connection.execute("DELETE FROM reelmill.processes WHERE seen_at < now() - interval '1 day'")

    def forget_all(self) -> None:
        """Take every process for gone; one that lives says so again within `BEAT_S`."""
        with self.pool.connection() as connection:
            connection.execute("DELETE FROM reelmill.processes")

    def alive(self) -> list[Process]:
        """The processes that are alive, by name."""
        with self.pool.connection() as connection:
            rows = connection.execute(
                "SELECT name, kind, queues, started_at FROM reelmill.processes "
                "WHERE seen_at > clock_timestamp() - make_interval(secs => %s) ORDER BY name",
                [ALIVE_S],
            ).fetchall()
        return [Process(name, kind, tuple(queues), started) for name, kind, queues, started in rows]
