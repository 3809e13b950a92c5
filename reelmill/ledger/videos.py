"""Videos: put one into the mill, find it, try the failed ones again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection

from reelmill.ledger.pool import Pool, persist
from reelmill.ledger.queries import query
from reelmill.ledger.stages import present_stages
from reelmill.video import State, Video

ENQUEUE = query("enqueue")
"""The one statement that enqueues; `docs/lifecycle.md` shows how to use it in a transaction of your own."""


BEFORE_ALL = UUID(int=0)
"""No video has this id, and every video has a later one."""

OUTDATED_BATCH = 1000
"""Indexed videos looked at in one transaction, which takes some 70 ms."""


@dataclass(frozen=True)
class Enqueued:
    """Where an upload stands after enqueueing."""

    id: UUID
    created: bool
    """False when this (tenant, source, version) was there before; nothing was changed then."""


def enqueue(
    connection: Connection[Any], source: str, *, version: str = "", tenant: str = "default", priority: int = 0
) -> Enqueued:
    """Accept a video by one INSERT on the caller's connection: it exists when the caller's transaction commits.

    Idempotent by (tenant, source, version).
    """
    names = {"tenant": tenant, "source": source, "version": version, "priority": priority}
    row = connection.execute(ENQUEUE, names).fetchone()
    if row:
        return Enqueued(row[0], created=True)
    row = connection.execute(
        "SELECT id FROM reelmill.videos WHERE tenant = %(tenant)s AND source = %(source)s AND version = %(version)s",
        names,
    ).fetchone()
    if row is None:  # Deleted between the two statements: then it is new.
        return enqueue(connection, source, version=version, tenant=tenant, priority=priority)
    return Enqueued(row[0], created=False)


class Videos:
    """The videos of one database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    @persist
    def enqueue(self, source: str, *, version: str = "", tenant: str = "default", priority: int = 0) -> Enqueued:
        """`enqueue` in a transaction of its own."""
        with self.pool.connection() as connection:
            return enqueue(connection, source, version=version, tenant=tenant, priority=priority)

    def get(self, video_id: UUID) -> Video | None:
        """The video, or None."""
        with self.pool.connection() as connection:
            row = connection.execute(
                "SELECT id, tenant, source, version, state FROM reelmill.videos WHERE id = %s", [video_id]
            ).fetchone()
        return Video(row[0], row[1], row[2], row[3], State(row[4])) if row else None

    def retry(self, video_ids: Sequence[UUID] | None = None, *, error_class: str | None = None) -> int:
        """Give failed videos a fresh set of attempts, from the stage where they failed; returns how many.

        None means all failed ones; `error_class` narrows the choice.
        """
        with self.pool.connection() as connection:
            return connection.execute(
                query("retry"),
                {
                    "video_ids": None if video_ids is None else list(video_ids),
                    "error_class": error_class,
                    **present_stages(),
                },
            ).rowcount

    def retry_outdated(self, video_ids: Sequence[UUID] | None = None) -> int:
        """Send indexed videos back for which some stage is not done in its present version; returns how many.

        Each goes to the state before the first such stage. None means all; a large table is gone through in
        batches, each a transaction of its own, so that nobody waits for long.
        """
        retried, after = 0, BEFORE_ALL
        while looked := self._retry_outdated(video_ids, after):
            after, sent_back = looked
            retried += sent_back
        return retried

    def _retry_outdated(self, video_ids: Sequence[UUID] | None, after: UUID) -> tuple[UUID, int] | None:
        with self.pool.connection() as connection:
            row = connection.execute(
                query("retry_outdated"),
                {
                    "video_ids": None if video_ids is None else list(video_ids),
                    "after": after,
                    "limit": OUTDATED_BATCH,
                    **present_stages(),
                },
            ).fetchone()
        return (row[0], int(row[1])) if row and row[0] else None
