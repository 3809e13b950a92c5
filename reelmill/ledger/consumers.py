"""Which workers take messages, judged from the ledger: a process may live, and answer pings, and consume nothing."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from reelmill.ledger.processes import ALIVE_S
from reelmill.ledger.queries import query
from reelmill.ledger.rings import LONGEST_DOUBLING

SILENT_S = 45.0
"""Seconds without a claim, while messages wait, after which a worker with a free slot counts as not consuming: so that
a probe that asks every ten seconds knows within a minute."""


@dataclass(frozen=True)
class Consumer:
    """A live worker of one queue."""

    queue: str
    name: str
    messages: int
    """How many messages of the queue nobody has claimed."""
    silent: bool
    """It takes none of them although it could: only a restart helps."""

    @property
    def host(self) -> str:
        """The host it runs on, by the name that it was started with, `queue@host:pid`."""
        return self.name.rpartition(":")[0].rpartition("@")[2]


def consumers(connection: Connection[Any]) -> list[Consumer]:
    """The workers that have given a sign of life, by queue and name. The connection is to be in autocommit mode."""
    return (
        connection.cursor(row_factory=class_row(Consumer))
        .execute(query("consumers"), {"alive_s": ALIVE_S, "silent_s": SILENT_S, "longest_doubling": LONGEST_DOUBLING})
        .fetchall()
    )
