"""Any one process is killed in the middle of twenty clips; the supervisor starts it again; all twenty end once.

The tally is independent of the ledger: the describer's own log of its calls, and the files in the blob store.
"""

from __future__ import annotations

import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from uuid import UUID

import pytest

from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.pool import Pool, open_pool
from reelmill.settings import Settings
from reelmill.video import Stage
from workers.mill import Mill, mill

pytestmark = pytest.mark.services

CLIPS = 20
PATIENCE_S = 60.0
VICTIMS = ("cpu", "api.describe", "api.embed", "index", "dispatcher", "valkey", "postgres")


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(
        data_dir=tmp_path_factory.mktemp("mill"),
        toolbox="tests.services.instant:toolbox",
        lease_s=3.0,
        ring_wait_s=2.0,
    )


@pytest.fixture(scope="module")
def running(settings: Settings, monkeypatch_module: pytest.MonkeyPatch) -> Iterator[Mill]:
    for name in ("toolbox", "lease_s", "ring_wait_s"):
        monkeypatch_module.setenv(f"REELMILL_{name.upper()}", str(getattr(settings, name)))
    with mill(settings, doors=False) as running:
        yield running


@pytest.fixture(scope="module")
def monkeypatch_module() -> Iterator[pytest.MonkeyPatch]:
    with pytest.MonkeyPatch.context() as patch:
        yield patch


@pytest.fixture
def pool(running: Mill) -> Iterator[Pool]:
    with open_pool(running.servers.database_url, size=2, name="test") as pool:
        yield pool


@pytest.fixture
def ledger(pool: Pool) -> Ledger:
    return open_ledger(pool, lease_s=3.0, ring_wait_s=2.0)


def await_(running: Mill, met: Callable[[], bool]) -> None:
    """Keep the mill running, here on the main thread, until the condition is met."""
    give_up_at = time.monotonic() + PATIENCE_S
    with ThreadPoolExecutor(1) as asking:
        while True:
            answer = asking.submit(met)
            while not answer.done():
                running.supervisor.keep()
                time.sleep(0.02)
            if answer.result():
                return
            assert time.monotonic() < give_up_at, f"not met in {PATIENCE_S} s"


def ingest(ledger: Ledger, folder: Path, name: str) -> list[UUID]:
    ids = []
    for number in range(CLIPS):
        clip = folder / f"{number}.mp4"
        clip.write_text(f"{name} {number}")
        ids.append(ledger.videos.enqueue(str(clip)).id)
    return ids


def finished(ledger: Ledger, ids: Sequence[UUID]) -> int:
    return ledger.status.progress(ids)["index"]


@pytest.mark.parametrize("victim", VICTIMS)
def test_twenty_clips_end_once_each_whoever_is_killed(
    running: Mill, settings: Settings, ledger: Ledger, pool: Pool, tmp_path: Path, victim: str
) -> None:
    await_(running, lambda: len([p for p in ledger.processes.alive() if p.kind == "worker"]) >= 4)
    ids = ingest(ledger, tmp_path, victim)
    await_(running, lambda: finished(ledger, ids) > 0)
    os.kill(running.supervisor.pids()[victim], signal.SIGKILL)
    await_(running, lambda: finished(ledger, ids) == CLIPS)

    assert Counter(video["state"] for video in ledger.status.videos(ids=ids)) == {"indexed": CLIPS}
    with pool.connection() as connection:
        rows = connection.execute(
            "SELECT stage, count(*), count(DISTINCT video_id) FROM reelmill.stage_runs "
            "WHERE video_id = ANY (%s) AND state = 'done' GROUP BY stage",
            [ids],
        ).fetchall()
        assert {row[0]: row[1:] for row in rows} == {str(stage): (CLIPS, CLIPS) for stage in Stage}
        assert connection.execute("SELECT count(*) FROM reelmill.rings").fetchone() == (0,)
    calls = Counter((settings.data_dir / "tally").read_text().splitlines())
    mine = {text: count for text, count in calls.items() if text.startswith(f"{victim} ")}
    assert len(mine) == CLIPS
    # Each fault may cost a call of the videos it hit, and no other.
    assert sum(mine.values()) <= CLIPS + (settings.api_threads if victim in ("api.describe", "postgres") else 0)
