"""The ledger: PostgreSQL, the truth about every video.

What exists, how far it is, who holds it, what it cost. A message only says "look at video V": lose every
message, or deliver each five times, and every video still ends once.
"""

from __future__ import annotations

from dataclasses import dataclass

from reelmill.ledger.costs import Costs
from reelmill.ledger.lanes import Lanes
from reelmill.ledger.pool import Pool
from reelmill.ledger.processes import Processes
from reelmill.ledger.results import Results
from reelmill.ledger.runs import Runs
from reelmill.ledger.status import Status
from reelmill.ledger.videos import Videos
from reelmill.ledger.waits import Waits


@dataclass(frozen=True)
class Ledger:
    """The ledger's parts over one pool of connections."""

    pool: Pool
    videos: Videos
    runs: Runs
    results: Results
    costs: Costs
    processes: Processes
    status: Status
    lanes: Lanes
    waits: Waits


def open_ledger(pool: Pool, *, lease_s: float, ring_wait_s: float) -> Ledger:
    """The ledger on an open pool; `lease_s` and `ring_wait_s` as in the settings, in seconds."""
    return Ledger(
        pool=pool,
        videos=Videos(pool),
        runs=Runs(pool, lease_s=lease_s, ring_wait_s=ring_wait_s),
        results=Results(pool),
        costs=Costs(pool),
        processes=Processes(pool),
        status=Status(pool),
        lanes=Lanes(pool),
        waits=Waits(pool),
    )
