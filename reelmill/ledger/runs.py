"""Stage runs: claim, renew, commit, end. Every write is fenced by the lease's token."""

from __future__ import annotations

import random
from collections.abc import Sequence
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from reelmill.errors import Blocked, Busy, Duplicate, LeaseLost, StageError
from reelmill.ledger import results
from reelmill.ledger.lease import ExpiredLease, Lease, Link, Refusal
from reelmill.ledger.pool import Pool, persist
from reelmill.ledger.queries import query
from reelmill.ledger.stages import present_stages
from reelmill.points import Point, reach
from reelmill.video import STAGE_VERSION, Stage, StageResult, State

LONGEST_BACKOFF_S = 600.0


class Runs:
    """The leases of one database."""

    def __init__(self, pool: Pool, *, lease_s: float, ring_wait_s: float) -> None:
        self.pool = pool
        self.lease_s = lease_s
        self.ring_wait_s = ring_wait_s

    @persist
    def claim(self, video_id: UUID, stage: Stage, *, task_id: str, worker: str, device: str) -> Lease | Refusal:
        """Take the lease on a stage for the message `task_id`, or say why not."""
        names = {"video_id": video_id, "stage": stage, "version": STAGE_VERSION[stage]}
        with self.pool.connection() as connection:
            row = (
                connection.cursor(row_factory=dict_row)
                .execute(
                    query("claim"),
                    names | {"task_id": task_id, "worker": worker, "device": device, "lease_s": self.lease_s},
                )
                .fetchone()
            )
        if row is None:
            return Refusal.STALE
        if row["token"] is None:
            return Refusal.DONE if row["state_before"] == "done" else Refusal.HELD
        lease = _lease(video_id, stage, row | {"version": names["version"]})
        if row["ring_id"] is None:
            self._give_back(lease)
            return Refusal.STALE
        return lease

    @persist
    def renew(self, leases: Sequence[Lease]) -> set[Lease]:
        """Renew the leases that are still ours and return those that are lost."""
        with self.pool.connection() as connection:
            rows = connection.execute(
                query("renew"),
                {
                    "lease_s": self.lease_s,
                    "video_ids": [lease.video_id for lease in leases],
                    "stages": [lease.stage for lease in leases],
                    "versions": [lease.version for lease in leases],
                    "tokens": [lease.token for lease in leases],
                },
            ).fetchall()
        kept = {(video_id, stage, token) for video_id, stage, token in rows}
        return {lease for lease in leases if (lease.video_id, lease.stage, lease.token) not in kept}

    @persist
    def commit(self, lease: Lease, result: StageResult) -> None:
        """Write a stage's result, all of it or none, and move the video on.

        Raises `LeaseLost`, having changed nothing, when the token is no longer the stage's. Safe to repeat:
        a commit whose answer was lost on the wire is recognised by its token.
        """
        with self.pool.connection() as connection, connection.transaction():
            done = connection.execute(query("finish_run"), _names(lease) | {"facts": Jsonb(dict(result.facts))})
            if (finished := done.fetchone()) is not None:
                results.save(connection, lease.video_id, result)
                if result.within:
                    result.within(connection)
                connection.execute(query("advance"), self._advance(lease) | {"ring_id": finished[0]})
                reach(Point.COMMITTING, lease.stage)
            elif not self._committed_before(connection, lease):
                raise LeaseLost

    def _give_back(self, lease: Lease) -> None:
        """Undo a claim whose ring was replaced between reading it and taking the run."""
        with self.pool.connection() as connection:
            connection.execute(query("give_back"), _names(lease))

    def _committed_before(self, connection: Connection[Any], lease: Lease) -> bool:
        row = connection.execute(
            "SELECT FROM reelmill.stage_runs WHERE video_id = %(video_id)s AND stage = %(stage)s "
            "AND version = %(version)s AND token = %(token)s AND state = 'done'",
            _names(lease),
        ).fetchone()
        return row is not None

    @persist
    def own_content(self, lease: Lease, content_hash: str) -> None:
        """Take these bytes for the lease's video.

        Raises `Duplicate` when another video of the tenant has them, `LeaseLost` when the lease is gone.
        """
        with self.pool.connection() as connection:
            row = connection.execute(
                query("own_content"),
                _names(lease) | {"tenant": lease.tenant, "content_hash": content_hash},
            ).fetchone()
        if row is None:
            raise LeaseLost
        if row[0] != lease.video_id:
            raise Duplicate(row[0])

    @persist
    def end(self, lease: Lease, error: StageError) -> State | None:
        """End an attempt without success: later again, or never, as the error's class says.

        Returns the state that the video ended in, or None when it will be tried again. Raises `LeaseLost`,
        having changed nothing, when the token is no longer the stage's.
        """
        wait_s = backoff_s(error, lease.attempt)
        state = None if wait_s is not None else _final_state(error)
        values = {
            "run_state": "waiting" if state is None else "failed",
            "video_state": state,
            "refund": 1 if isinstance(error, Busy) else 0,
            "wait_s": wait_s or 0.0,
            "error_class": type(error).__name__,
            "error_message": str(error),
            "evidence": error.evidence,
            "duplicate_of": error.original if isinstance(error, Duplicate) else None,
            "waiting_for": None if state else f"another try at {lease.stage} after {type(error).__name__}",
        }
        with self.pool.connection() as connection:
            if connection.execute(query("end_run"), _names(lease) | values).fetchone() is None:
                raise LeaseLost
        return state

    def expired(self) -> list[ExpiredLease]:
        """The leases that have run out: their workers died or stopped making progress."""
        with self.pool.connection() as connection:
            rows = connection.cursor(row_factory=dict_row).execute(query("expired")).fetchall()
        return [_expired_lease(row) for row in rows]

    def _advance(self, lease: Lease) -> dict[str, Any]:
        following = lease.next_link
        return {
            "video_id": lease.video_id,
            **present_stages(),
            "next_stage": following.stage if following else None,
            "next_queue": following.queue if following else None,
            "ring_wait_s": self.ring_wait_s,
            "waiting_for": f"a worker of queue {following.queue}" if following else "the dispatcher",
        }


def backoff_s(error: StageError, attempt: int) -> float | None:
    """Seconds until the next attempt, or None when there is none.

    Doubles with each attempt, up to `LONGEST_BACKOFF_S`, times a jitter of 0.5 to 1.5, so that what failed
    together does not come back together.
    """
    if isinstance(error, Busy):
        return error.retry_after_s
    if attempt >= error.max_attempts:
        return None
    mean_s = min(error.backoff_s * 2.0 ** (attempt - 1), LONGEST_BACKOFF_S)
    return mean_s * random.uniform(0.5, 1.5)  # noqa: S311 (spreads retries, guards nothing)


def _final_state(error: StageError) -> State:
    if isinstance(error, Duplicate):
        return State.DUPLICATE
    return State.BLOCKED if isinstance(error, Blocked) else State.FAILED


def _names(lease: Lease) -> dict[str, Any]:
    return {
        "video_id": lease.video_id,
        "stage": lease.stage,
        "version": lease.version,
        "token": lease.token,
    }


def _lease(video_id: UUID, stage: Stage, row: dict[str, Any]) -> Lease:
    return Lease(
        video_id=video_id,
        stage=stage,
        version=row["version"],
        token=row["token"],
        attempt=row["attempt"],
        tenant=row["tenant"],
        source=row["source"],
        links=tuple(Link(Stage(e["stage"]), e["task_id"], e["queue"]) for e in row.get("links", [])),
    )


def _expired_lease(row: dict[str, Any]) -> ExpiredLease:
    return ExpiredLease(
        **vars(_lease(row["video_id"], Stage(row["stage"]), row)),
        worker=row["worker"],
        device=row["device"],
        began=row["started_at"],
        ended=row["lease_until"],
        earlier_losses=row["earlier"],
    )
