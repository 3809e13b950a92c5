"""Retention: finished work does not grow for ever."""

from __future__ import annotations

import time

import psycopg
import structlog

from reelmill.ledger.pool import Pool
from reelmill.ledger.processes import Processes
from reelmill.ledger.queries import query
from reelmill.video import Stage

BATCH = 200
"""Videos pruned in one statement, some 30 ms: it finds them through an index, whatever the table's size."""

REST_S = 60.0
"""Seconds between two sweeps. Within one there is a batch at each call, so that no call takes long."""

log = structlog.get_logger()


class Retention:
    """Prunes what ended more than `keep_days` ago; 0 keeps stage runs for ever. For one caller at a time."""

    def __init__(self, pool: Pool, *, keep_days: int) -> None:
        self._pool = pool
        self._keep_days = keep_days
        self._due_s = time.monotonic()

    def tend(self) -> int:
        """Prune a batch if it is time to; returns how many videos it pruned. Failing, it is tried a while later."""
        if time.monotonic() < self._due_s:
            return 0
        self._due_s = time.monotonic() + REST_S
        try:
            pruned = self.prune()
        except psycopg.Error as error:
            # Leading goes on: nothing is urgent here.
            log.warning("not pruned", error=str(error).strip())
            return 0
        if pruned == BATCH:
            self._due_s = time.monotonic()
        return pruned

    def prune(self) -> int:
        """Delete the stage runs of a batch of videos, the oldest first; returns how many videos."""
        Processes(self._pool).forget_dead()
        if not self._keep_days:
            return 0
        names = {"keep_days": self._keep_days, "limit": BATCH, "stages": list(Stage)}
        with self._pool.connection() as connection:
            return connection.execute(query("prune_runs"), names).rowcount
