"""Why a video waits: its line, its lease, its lane, and who is there to work on it."""

from __future__ import annotations

from dataclasses import asdict
from typing import Any
from uuid import UUID

from psycopg.rows import dict_row

from reelmill.ledger.lanes import Lanes, stage_of
from reelmill.ledger.pool import Pool
from reelmill.ledger.processes import Processes
from reelmill.ledger.queries import query
from reelmill.video import NEXT_STAGE, Stage, State

LONGEST_LINE = 10_000
"""How far a line is counted; whoever is further back does not care by how much."""


class Waits:
    """The waiting videos of one database."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self._lanes = Lanes(pool)
        self._processes = Processes(pool)

    def of(self, video_id: UUID) -> dict[str, Any] | None:
        """What an unfinished video waits for, made of JSON values and datetimes; None when it has ended.

        `queue` is where its message is, or None while it is in the ledger; `ahead` is how many go before it, in that
        queue or in its tenant's line, up to `LONGEST_LINE`, with `ahead_exact` telling whether that is all of them.
        """
        row = self._row(query("why_waiting"), {"video_id": video_id})
        if row is None:
            return None
        stage, queue = NEXT_STAGE[State(row["state"])], row["queue"]
        ahead = self._ahead(row)
        return {
            "stage": str(stage),
            "queue": queue,
            "ahead": min(ahead, LONGEST_LINE) if ahead is not None else None,
            "ahead_exact": ahead is None or ahead <= LONGEST_LINE,
            "lease": {"worker": row["worker"], "until": row["lease_until"]} if row["lease_until"] else None,
            "retry_at": row["next_at"] if row["too_early"] else None,
            "paused": self._paused(stage, queue),
            **self._alive(stage, queue),
        }

    def _ahead(self, row: dict[str, Any]) -> int | None:
        if row["queue"] is not None:
            sent_before: int | None = row["sent_before"]
            return sent_before
        line = {name: row[name] for name in ("state", "tenant", "priority", "next_at")}
        counted = self._row(query("ahead"), line | {"limit": LONGEST_LINE + 1})
        return int(counted["count"]) if counted else None

    def _paused(self, stage: Stage, queue: str | None) -> list[dict[str, Any]]:
        return [asdict(pause) for pause in self._lanes.paused().values() if _concerns(pause.queue, stage, queue)]

    def _alive(self, stage: Stage, queue: str | None) -> dict[str, bool]:
        alive = self._processes.alive()
        served = {name for process in alive for name in process.queues}
        return {
            "worker_alive": any(_concerns(name, stage, queue) for name in served),
            "dispatcher_alive": any(process.kind == "dispatcher" for process in alive),
        }

    def _row(self, statement: bytes, values: dict[str, Any]) -> dict[str, Any] | None:
        with self.pool.connection() as connection:
            return connection.cursor(row_factory=dict_row).execute(statement, values).fetchone()


def _concerns(name: str, stage: Stage, queue: str | None) -> bool:
    """Whether what happens in the queue `name` matters to a video: its own queue, or any that its stage may get."""
    return name == queue if queue else stage_of(name) is stage
