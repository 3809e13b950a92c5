"""How long work waits after a fault: killed workers' videos run again, a wiped broker's are rung again.

Leases and waits are those of production. The clock of each video starts with the fault and stops with its next claim
(killed worker) or its next ring (wiped broker), as triggers in the database write them down.
"""

from __future__ import annotations

import os
import signal
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from uuid import UUID

from benchmarks.report import Report, parser, publish
from reelmill.settings import Settings
from tests.faults.fleet import Fleet, fleet

GOAL_S = 60.0
VICTIMS = ("cpu", "api.describe", "api.embed", "index")
AT_ONCE = 8
SLOW = "slow 1.5"
"""What a clip says whose description takes that long: so that there is work in hand to lose."""

Row = dict[str, str | int | float | None]


def main() -> int:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--rounds", type=int, default=3, help="faults of each kind")
    options = arguments.parse_args()
    waits = Settings()
    with (
        tempfile.TemporaryDirectory() as folder,
        fleet(Path(folder), lease_s=waits.lease_s, ring_wait_s=waits.ring_wait_s) as mill,
    ):
        rows = [row for _ in range(options.rounds) for row in _round(mill)]
    return publish(_report(rows), as_json=options.json)


def _report(rows: list[Row]) -> Report:
    killed = [float(row["seconds"] or 0) for row in rows if row["fault"] != "broker wiped"]
    wiped = [float(row["seconds"] or 0) for row in rows if row["fault"] == "broker wiped"]
    median_s, worst_s = statistics.median(killed), max(wiped)
    return Report(
        name="recovery",
        goal=f"< {GOAL_S:.0f} s until a killed worker's videos run again (median), and until all of a wiped broker's "
        "are rung again",
        value=round(max(median_s, worst_s), 1),
        ok=median_s < GOAL_S and worst_s < GOAL_S,
        rows=rows,
    )


def _round(mill: Fleet) -> Iterator[Row]:
    for victim in VICTIMS:
        yield from _killed(mill, victim)
    yield from _wiped(mill)


def _killed(mill: Fleet, victim: str) -> Iterator[Row]:
    """Kill the worker of a queue the moment it holds something."""
    mill.await_(mill.workers_up, "all workers")
    order = mill.order(f"{_stage(victim)}.worked", "kill")
    ids = mill.ingest(*[SLOW] * AT_ONCE)
    mill.await_obeyed(order)
    since, held = _now(mill), _held(mill, ids, _stage(victim))
    mill.await_ended(ids, patience_s=300)
    for video, token in held.items():
        again = mill.rows(
            "SELECT extract(epoch FROM min(at) - %s)::float FROM audit.effects WHERE video_id = %s "
            "AND kind = 'run running' AND stage = %s AND token > %s",
            since, video, _stage(victim), token,
        )  # fmt: skip
        yield {"fault": f"{victim} killed", "videos": 1, "seconds": round(again[0][0], 1)}


def _wiped(mill: Fleet) -> Iterator[Row]:
    """Wipe the broker while messages wait in it: nobody takes them, for the describer is stopped first."""
    mill.await_(mill.workers_up, "all workers")
    group = mill.supervisor.pids()["api.describe-0"]
    os.killpg(group, signal.SIGSTOP)
    ids = mill.ingest(*["cat"] * AT_ONCE)
    mill.await_(lambda: mill.redis.llen("api.describe") >= AT_ONCE - 1, "messages to wait")
    rings = dict(mill.rows("SELECT video_id, id FROM reelmill.rings WHERE due_at IS NOT NULL"))
    mill.redis.flushall()
    started_s = time.monotonic()
    os.killpg(group, signal.SIGCONT)
    mill.await_(lambda: _rung_again(mill, rings), "new rings", patience_s=300)
    yield {"fault": "broker wiped", "videos": len(rings), "seconds": round(time.monotonic() - started_s, 1)}
    mill.await_ended(ids, patience_s=300)


def _rung_again(mill: Fleet, rings: dict[UUID, UUID]) -> bool:
    present = {ring for (ring,) in mill.rows("SELECT id FROM reelmill.rings")}
    return not present & set(rings.values())


def _held(mill: Fleet, ids: list[UUID], stage: str) -> dict[UUID, int]:
    return dict(
        mill.rows(
            "SELECT video_id, token FROM reelmill.stage_runs "
            "WHERE state = 'running' AND stage = %s AND video_id = ANY (%s)",
            stage,
            ids,
        )
    )


def _now(mill: Fleet) -> datetime:
    [[now]] = mill.rows("SELECT clock_timestamp()")
    assert isinstance(now, datetime)
    return now


def _stage(queue: str) -> str:
    return {"cpu": "transcode", "api.describe": "describe", "api.embed": "embed", "index": "index"}[queue]


if __name__ == "__main__":
    sys.exit(main())
