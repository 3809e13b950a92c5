"""How many bytes a finished video takes in the database, and how many updates are heap-only.

Videos go through the real ledger and index, with a description as long as the offline describer's and vectors of the
offline spaces' lengths; each lease is renewed once.
"""

from __future__ import annotations

import sys
from uuid import UUID, uuid4

import numpy as np
import psycopg
from psycopg import Connection

from benchmarks.backlogs import ledger as empty_ledger
from benchmarks.backlogs import server, step
from benchmarks.report import Cell, Report, parser, publish
from reelmill.index.pgvector import PgvectorStore
from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.lease import Lease, Link
from reelmill.ledger.pool import open_pool
from reelmill.ledger.rings import Ring, Rings
from reelmill.video import Box, Description, Evidence, SourceFacts, Space, Stage, StageResult, StoredProxy, Tag

HOT_GOAL = 0.9
"""The least share of heap-only updates of the tables that are busiest in proportion to their rows."""
BUSY = ("stage_runs", "rings")
BATCH = 32
SPACES = (Space("text_sizes_v1", "text", 512), Space("visual_sizes_v1", "visual", 1280))

Row = dict[str, Cell]


def main() -> int:
    """Measure and print."""
    arguments = parser(__doc__ or "")
    arguments.add_argument("--videos", type=int, default=640, help="videos that pass all stages")
    options = arguments.parse_args()
    with server() as url:
        rows = _measured(empty_ledger(url, "sizes"), options.videos)
    hot = min(float(row["heap_only"] or 0) for row in rows if row["table"] in BUSY)
    return publish(
        Report(
            name="sizes",
            goal=f"at least {HOT_GOAL} of the updates of {' and '.join(BUSY)} heap-only; "
            f"a finished video takes {sum(int(row['bytes_per_video'] or 0) for row in rows):,} bytes",
            value=hot,
            ok=hot >= HOT_GOAL,
            rows=rows,
        ),
        as_json=options.json,
    )


def _measured(url: str, videos: int) -> list[Row]:
    with (
        open_pool(url, size=4, name="benchmark") as pool,
        psycopg.connect(url, autocommit=True) as connection,
    ):
        ledger, rings = open_ledger(pool, lease_s=30.0, ring_wait_s=10.0), Rings(connection, ring_wait_s=10.0)
        store = PgvectorStore(pool)
        for space in SPACES:
            store.add_space(space)
        for done in range(0, videos, BATCH):
            step(f"{done:,} of {videos:,} videos ...")
            for ring in _rung(ledger, rings):
                _pass_through(ledger, store, ring)
    # A connection that has ended has told all it did to the counters.
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute("VACUUM")
        return _rows(connection, videos)


def _rows(connection: Connection, videos: int) -> list[Row]:
    tables = connection.execute(
        "SELECT relname, pg_total_relation_size(relid), n_tup_upd, n_tup_hot_upd "
        "FROM pg_stat_user_tables WHERE schemaname = 'reelmill' AND n_tup_ins > %s ORDER BY relname",
        [videos // 2],
    )
    return [
        {
            "table": name,
            "bytes_per_video": round(size / videos),
            "updates_per_video": round(updates / videos, 2),
            "heap_only": round(hot / updates, 3) if updates else None,
        }
        for name, size, updates, hot in tables
    ]


def _rung(ledger: Ledger, rings: Rings) -> list[Ring]:
    videos = [ledger.videos.enqueue(f"s3://uploads/{uuid4()}.mp4", version=uuid4().hex).id for _ in range(BATCH)]
    return rings.start(
        [Ring(video_id, tuple(Link(stage, str(uuid4()), f"q.{stage}") for stage in Stage)) for video_id in videos]
    )


def _pass_through(ledger: Ledger, store: PgvectorStore, ring: Ring) -> None:
    results = _results(store, ring.video_id)
    for link in ring.links:
        lease = ledger.runs.claim(ring.video_id, link.stage, task_id=link.task_id, worker="cpu@benchmark", device="cpu")
        if not isinstance(lease, Lease):
            raise SystemExit(f"{link.stage} of {ring.video_id} was not claimed: {lease}")
        ledger.runs.renew([lease])
        if link.stage is Stage.TRANSCODE:
            ledger.runs.own_content(lease, uuid4().hex * 2)
        ledger.runs.commit(lease, results[link.stage])


def _results(store: PgvectorStore, video_id: UUID) -> dict[Stage, StageResult]:
    source = SourceFacts(uuid4().hex * 2, 12_345_678, "mov,mp4", "h264", 1080, 1920, 0, 29.97, 14.2, has_audio=True)
    proxy = StoredProxy(f"proxies/{video_id}/1", 14, 14.2, Box(224, 0, 576, 1024), has_audio=True, source=source)
    return {
        Stage.TRANSCODE: StageResult({"rung": "cpu", "sampling": "full", "cpu_s": 3.21, "wall_s": 2.1}, proxy=proxy),
        Stage.DESCRIBE: StageResult({"describer": "offline"}, description=_description()),
        Stage.EMBED: StageResult(vectors={space: _vector(space) for space in SPACES}),
        Stage.INDEX: StageResult(within=lambda connection: store.upsert(connection, video_id, SPACES)),
    }


def _description() -> Description:
    words = [uuid4().hex[:8] for _ in range(60)]
    return Description(
        title=" ".join(words[:6]),
        genres=("sports", "outdoors"),
        description=" ".join(words[:30]),
        tags=tuple(Tag(name=word, confidence=0.512) for word in words[:8]),
        evidence=tuple(Evidence(kind="image", label=word, score=0.1234, frames=7) for word in words[:12]),
        index_text=" ".join(words[:20]),
    )


def _vector(space: Space) -> np.ndarray[tuple[int], np.dtype[np.float32]]:
    vector = np.random.default_rng().standard_normal(space.dimensions).astype(np.float32)
    return np.asarray(vector / np.linalg.norm(vector), dtype=np.float32)


if __name__ == "__main__":
    sys.exit(main())
