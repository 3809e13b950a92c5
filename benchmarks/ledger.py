"""The ledger with up to a million queued videos, to see whether anything grows with the backlog.

Each backlog is a database of its own on one embedded PostgreSQL, fsync on. Rounds over all of them alternate and
medians count, so that the machine's noise is not read as growth.
"""

from __future__ import annotations

import statistics
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import psycopg

from benchmarks.backlogs import Backlog, filled, server, step
from benchmarks.enqueueing import Load, enqueue_from_everywhere
from benchmarks.report import Cell, Report, parser, publish
from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.lease import Lease, Link
from reelmill.ledger.pool import open_pool
from reelmill.ledger.rings import Ring, Rings
from reelmill.video import NEXT_STAGE, Stage, StageResult, State

RATE_GOAL, P99_GOAL_MS, GROWTH_GOAL = 2000, 20, 1.5
"""Rows a second and milliseconds at the largest backlog, and the rate at the smallest over that at the largest."""

SMALLEST, LARGEST = 10**3, 10**6
ROWS = 4000
"""Enqueued in each round: about two seconds' worth."""

FULL_QUEUE = 32
"""Rings that the dispatcher starts in one round at most, for a queue with up to eight workers."""
LOOKS = 30
"""Dispatcher's rounds, and answers to `status`, in each round over the backlogs."""
CLAIMERS = 8

Row = dict[str, Cell]


def main() -> int:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--largest", type=int, default=LARGEST, help="queued videos of the largest backlog")
    arguments.add_argument("--rounds", type=int, default=5, help="rounds over all backlogs")
    options = arguments.parse_args()
    with server() as url:
        backlogs = [filled(url, SMALLEST * 10**n) for n in range(7) if SMALLEST * 10**n <= options.largest]
        rounds = [[_measured(backlog, number) for backlog in backlogs] for number in range(1, options.rounds + 1)]
    rows = [_row(backlog, [each[place] for each in rounds]) for place, backlog in enumerate(backlogs)]
    return publish(_report(rows), as_json=options.json)


def _report(rows: Sequence[Row]) -> Report:
    def number(row: Row, column: str) -> float:
        return float(row[column] or 0)

    rate, growth = (
        number(rows[-1], "enqueued_per_s"),
        number(rows[0], "enqueued_per_s") / number(rows[-1], "enqueued_per_s"),
    )
    return Report(
        name="ledger",
        goal=f">= {RATE_GOAL} rows/s enqueued over 16 connections at the largest backlog, p99 < {P99_GOAL_MS} ms, "
        f"and <= {GROWTH_GOAL} times as many at the smallest (here {growth:.2f})",
        value=rate,
        ok=rate >= RATE_GOAL and number(rows[-1], "p99_ms") < P99_GOAL_MS and growth <= GROWTH_GOAL,
        rows=rows,
    )


class Measured:
    """What one round on one backlog took; seconds."""

    def __init__(self, backlog: Backlog) -> None:
        self.enqueued: Load = enqueue_from_everywhere(backlog.url, ROWS)
        with (
            open_pool(backlog.url, size=CLAIMERS, name="benchmark") as pool,
            psycopg.connect(backlog.url, autocommit=True) as connection,
        ):
            ledger, rings = open_ledger(pool, lease_s=30.0, ring_wait_s=10.0), Rings(connection, ring_wait_s=10.0)
            self.claims_per_s = _claims_per_s(ledger, rings)
            self.rounds_s = [_dispatch_s(rings) for _ in range(LOOKS)]
            self.counts_s = [_timed(ledger.status.counts) for _ in range(LOOKS)]
            self.videos_s = [_timed(lambda: ledger.status.videos(limit=100)) for _ in range(LOOKS)]


def _measured(backlog: Backlog, number: int) -> Measured:
    step(f"round {number}: {backlog.queued:,} queued ...")
    return Measured(backlog)


def _row(backlog: Backlog, rounds: Sequence[Measured]) -> Row:
    median = statistics.median
    return {
        "queued": backlog.queued,
        "bytes_per_video": round(backlog.bytes_per_video),
        "enqueued_per_s": round(median(each.enqueued.rows_per_s for each in rounds)),
        "p50_ms": round(1000 * median(_p(each.enqueued.latencies_s, 50) for each in rounds), 2),
        "p99_ms": round(1000 * median(_p(each.enqueued.latencies_s, 99) for each in rounds), 2),
        "claimed_and_committed_per_s": round(median(each.claims_per_s for each in rounds)),
        "dispatch_ms": round(1000 * median(s for each in rounds for s in each.rounds_s), 2),
        "dispatch_p99_ms": round(1000 * _p([s for each in rounds for s in each.rounds_s], 99), 2),
        "counts_ms": round(1000 * median(s for each in rounds for s in each.counts_s), 2),
        "newest_100_ms": round(1000 * median(s for each in rounds for s in each.videos_s), 2),
    }


def _ring_once(rings: Rings) -> list[Ring]:
    """The ledger's part of one of the dispatcher's rounds that rings a full queue's worth of new videos."""
    rings.in_flight()
    rings.drop_lost()
    found = {state: rings.waiting(state, limit=FULL_QUEUE) for state in NEXT_STAGE}
    chosen = [video_id for videos in found[State.QUEUED].values() for video_id in videos][:FULL_QUEUE]
    missing = rings.missing(chosen)
    chains = [Ring(each, tuple(Link(stage, str(uuid4()), stage) for stage in missing[each])) for each in chosen]
    return rings.start(chains)


def _dispatch_s(rings: Rings) -> float:
    started_s = time.monotonic()
    rung = _ring_once(rings)
    ended_s = time.monotonic()
    rings.withdraw(rung)
    return ended_s - started_s


def _claims_per_s(ledger: Ledger, rings: Rings) -> float:
    """Claims with their commits, over eight connections of one process."""
    rung = [ring for _ in range(5) for ring in _ring_once(rings)]
    with ThreadPoolExecutor(CLAIMERS) as threads:
        seconds = _timed(lambda: list(threads.map(lambda ring: _pass_through(ledger, ring), rung)))
    rings.connection.execute("DELETE FROM reelmill.videos WHERE id = ANY (%s)", [[ring.video_id for ring in rung]])
    return len(rung) * len(Stage) / seconds


def _pass_through(ledger: Ledger, ring: Ring) -> None:
    for link in ring.links:
        lease = ledger.runs.claim(ring.video_id, link.stage, task_id=link.task_id, worker="benchmark", device="cpu")
        if not isinstance(lease, Lease):
            raise SystemExit(f"{link.stage} of {ring.video_id} was not claimed: {lease}")
        ledger.runs.commit(lease, StageResult())


def _timed(call: Callable[[], object]) -> float:
    started_s = time.monotonic()
    call()
    return time.monotonic() - started_s


def _p(values: Sequence[float], percent: int) -> float:
    return statistics.quantiles(values, n=100)[percent - 1]


if __name__ == "__main__":
    sys.exit(main())
