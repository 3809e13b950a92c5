"""What the mill itself costs: chains of empty stages through the ledger, against bare Celery chains, in one run.

Both have the same broker and the same workers (two prefork, two with threads). The bare chains are sent by this
process as fast as it can, as the dispatcher sends ours. Rounds of the two alternate; medians count.
"""

from __future__ import annotations

import os
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import psycopg
from redis import Redis

from benchmarks.cpu import tree_cpu_s
from benchmarks.report import Report, parser, publish
from config.queues import queues
from reelmill.ledger.videos import enqueue
from reelmill.settings import Settings
from workers.mill import Mill, mill
from workers.supervisor import ROOT

RATIO_GOAL = 0.4
CPU_GOAL_MS = 25.0
PATIENCE_S = 300.0


def main() -> int:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--videos", type=int, default=1000, help="chains in each round")
    arguments.add_argument("--rounds", type=int, default=3, help="rounds of each kind")
    options = arguments.parse_args()
    with tempfile.TemporaryDirectory() as folder, _mill(Path(folder)) as running, _bare_workers(running) as bare:
        rows = [
            measure(options.videos)
            for _ in range(options.rounds)
            for measure in (_bare_round(running, bare), _mill_round(running))
        ]
    return publish(_report(rows), as_json=options.json)


Row = dict[str, str | int | float | None]


def _report(rows: list[Row]) -> Report:
    def median(kind: str, column: str) -> float:
        return statistics.median(float(row[column] or 0) for row in rows if row["kind"] == kind)

    ratio = median("reelmill", "videos_per_s") / median("bare", "videos_per_s")
    cpu_ms = median("reelmill", "cpu_ms_per_video")
    return Report(
        name="overhead",
        goal=f"videos/s >= {RATIO_GOAL} of bare Celery's chains/s, and <= {CPU_GOAL_MS:.0f} CPU ms a video",
        value=round(ratio, 3),
        ok=ratio >= RATIO_GOAL and cpu_ms <= CPU_GOAL_MS,
        rows=rows,
    )


def _mill_round(running: Mill) -> Callable[[int], Row]:
    def measure(videos: int) -> Row:
        with psycopg.connect(running.servers.database_url, autocommit=True) as connection:
            with connection.transaction():
                for _ in range(videos):
                    enqueue(connection, f"/{uuid4()}.mp4")
                # The clock starts when the dispatcher can see them.
                started_s, cpu_s = time.monotonic(), tree_cpu_s(running.supervisor.pids().values())

            def finished() -> bool:
                row = connection.execute("SELECT count(*) FROM reelmill.videos WHERE finished_at IS NULL").fetchone()
                return row == (0,)

            _await(running, finished)
            row = connection.execute("SELECT count(*) FROM reelmill.videos WHERE state <> 'indexed'").fetchone()
            if row != (0,):
                raise SystemExit(f"{row} videos did not end as indexed; see {running.logs}")
        spent_s = tree_cpu_s(running.supervisor.pids().values()) - cpu_s
        return _row("reelmill", videos, time.monotonic() - started_s, spent_s)

    return measure


def _bare_round(running: Mill, workers: list[int]) -> Callable[[int], Row]:
    def measure(videos: int) -> Row:
        from benchmarks import bare

        redis = Redis.from_url(running.servers.broker_url)
        redis.delete(bare.FINISHED)
        started_s, cpu_s = time.monotonic(), tree_cpu_s([*workers, os.getpid()])
        for number in range(videos):
            bare.send(str(number))
        _await(running, lambda: int(redis.get(bare.FINISHED) or 0) == videos)
        return _row("bare", videos, time.monotonic() - started_s, tree_cpu_s([*workers, os.getpid()]) - cpu_s)

    return measure


def _row(kind: str, videos: int, wall_s: float, cpu_s: float) -> Row:
    return {
        "kind": kind,
        "videos": videos,
        "wall_s": round(wall_s, 2),
        "videos_per_s": round(videos / wall_s, 1),
        "cpu_ms_per_video": round(1000 * cpu_s / videos, 2),
    }


def _await(running: Mill, met: Callable[[], bool]) -> None:
    give_up_at = time.monotonic() + PATIENCE_S
    while not met():
        if time.monotonic() > give_up_at:
            raise SystemExit(f"not ended in {PATIENCE_S:.0f} s; see {running.logs}")
        running.supervisor.keep()
        time.sleep(0.2)


@contextmanager
def _mill(folder: Path) -> Iterator[Mill]:
    os.environ["REELMILL_TOOLBOX"] = "benchmarks.idle:toolbox"
    with mill(Settings(data_dir=folder), doors=False) as running:
        with psycopg.connect(running.servers.database_url, autocommit=True) as connection:
            _await(running, lambda: connection.execute("SELECT count(*) FROM reelmill.processes").fetchone() == (5,))
        yield running


@contextmanager
def _bare_workers(running: Mill) -> Iterator[list[int]]:
    from benchmarks import bare

    os.environ["BARE_BROKER_URL"] = running.servers.broker_url
    bare.app.conf.update(broker_url=running.servers.broker_url)
    kinds = queues(Settings(), cores=os.cpu_count() or 1)
    with (running.logs / "bare.log").open("wb") as log:
        processes = [
            subprocess.Popen(
                [
                    *(sys.executable, "-m", "celery", "--app=benchmarks.bare", "worker", f"--queues={name}"),
                    *(f"--hostname={name}@%h", f"--pool={kind.pool}", f"--concurrency={kind.concurrency}"),
                    *("--without-gossip", "--without-mingle", "--task-events", "--loglevel=WARNING"),
                ],
                cwd=ROOT,
                stdout=log,
                stderr=log,
            )
            for name, kind in zip(bare.QUEUES, kinds, strict=True)
        ]
        try:
            _await(running, lambda: len(bare.app.control.ping(timeout=1.0) or []) >= len(processes))
            yield [process.pid for process in processes]
        finally:
            for process in processes:
                process.send_signal(signal.SIGTERM)
            for process in processes:
                process.wait(30)


if __name__ == "__main__":
    sys.exit(main())
