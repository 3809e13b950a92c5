"""Lanes: queues seen as something that can be paused."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from reelmill.ledger.pool import Pool
from reelmill.ledger.queries import query
from reelmill.video import Stage

LANES: Mapping[Stage, str] = {
    Stage.TRANSCODE: r"cpu|gpu\.[0-9a-f]{8}",
    Stage.DESCRIBE: r"api\.describe",
    Stage.EMBED: r"api\.embed",
    Stage.INDEX: r"index",
}
"""The names that a stage's queues may have, as patterns of the whole name.

They are part of the mill's contract and not of one host's queue table, and they are known with no worker there:
a queue whose workers are all gone is the one that somebody wants to pause.
"""

UNTIL_RESUMED_S = 100 * 365.25 * 86400
"""Seconds of a pause that has no end of its own; PostgreSQL's `infinity` has no equal in Python."""

_NO_END = timedelta(days=10 * 365)


@dataclass(frozen=True)
class Pause:
    """A lane's pause."""

    queue: str
    since: datetime
    until: datetime
    reason: str

    @property
    def end(self) -> str:
        """When it ends, in words."""
        if self.until - self.since > _NO_END:
            return "until resumed"
        return f"until {self.until.astimezone():%Y-%m-%d %H:%M:%S %Z}"


class Lanes:
    """The lanes of one database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def pause(self, queue: str, for_s: float, reason: str) -> None:
        """Ring nothing into this queue for so many seconds; a pause that ends later stays as it is."""
        with self.pool.connection() as connection:
            connection.execute(query("pause"), {"queue": queue, "for_s": for_s, "reason": reason})

    def resume(self, queue: str) -> None:
        """End the lane's pause; nothing happens if there is none."""
        with self.pool.connection() as connection:
            connection.execute("DELETE FROM reelmill.lanes WHERE queue = %s", [queue])

    def paused(self) -> dict[str, Pause]:
        """The lanes paused now, by queue."""
        with self.pool.connection() as connection:
            return paused(connection)


def paused(connection: Connection[Any]) -> dict[str, Pause]:
    """The lanes paused now, by queue."""
    rows = connection.cursor(row_factory=class_row(Pause)).execute(
        "SELECT queue, paused_at AS since, paused_until AS until, reason FROM reelmill.lanes "
        "WHERE paused_until > clock_timestamp() ORDER BY queue"
    )
    return {pause.queue: pause for pause in rows}


def stage_of(queue: str) -> Stage | None:
    """The stage that is worked on from a queue of this name, or None when no queue is called so."""
    return next((stage for stage, name in LANES.items() if re.fullmatch(name, queue)), None)
