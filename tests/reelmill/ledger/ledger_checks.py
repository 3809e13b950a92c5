"""What must hold in the ledger's tables after every step, and what of them is compared with the model."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, LiteralString

from psycopg import Connection

from reelmill.video import Stage
from tests.reelmill.ledger.ledger_model import LedgerModel, VideoModel

BROKEN: Mapping[str, LiteralString] = {
    "a finished video waits for nothing and has no ring; an unfinished one waits for something": """
        SELECT id FROM reelmill.videos
        WHERE (state IN ('indexed', 'failed', 'blocked', 'duplicate')) <> (finished_at IS NOT NULL)
           OR (finished_at IS NULL) <> (waiting_for IS NOT NULL)
           OR (finished_at IS NOT NULL AND ring_id IS NOT NULL)""",
    "a ring is that of one unfinished video": """
        SELECT id FROM (SELECT id, ring_id FROM reelmill.videos WHERE ring_id IS NOT NULL) AS v
        FULL JOIN (SELECT video_id AS id, id AS ring_id FROM reelmill.rings) AS r USING (id, ring_id)
        LEFT JOIN reelmill.videos AS named USING (id)
        WHERE v.ring_id IS NULL OR r.ring_id IS NULL OR named.finished_at IS NOT NULL""",
    "a ring is claimed as long as a stage runs for it, or it would never be replaced": """
        SELECT r.id FROM reelmill.rings AS r
        WHERE (r.due_at IS NULL) <> EXISTS (SELECT FROM reelmill.stage_runs AS s
                                            WHERE s.ring_id = r.id AND s.state = 'running')""",
    "a running stage has a lease, and no other has": """
        SELECT video_id FROM reelmill.stage_runs WHERE (state = 'running') <> (lease_until IS NOT NULL)""",
    "one stage of a video runs at a time": """
        SELECT video_id FROM reelmill.stage_runs WHERE state = 'running' GROUP BY video_id HAVING count(*) > 1""",
    "the state of a video names the last of its done stages": """
        SELECT v.id FROM reelmill.videos AS v
        JOIN (VALUES ('queued', ''), ('transcoded', 'transcode'), ('described', 'transcode describe'),
                     ('embedded', 'transcode describe embed'),
                     ('indexed', 'transcode describe embed index')) AS path (state, done) USING (state)
        WHERE path.done <> (
            SELECT coalesce(string_agg(s.stage, ' ' ORDER BY position(s.stage IN 'transcode describe embed index')), '')
            FROM reelmill.stage_runs AS s WHERE s.video_id = v.id AND s.state = 'done')""",
    "a done stage has its result": """
        SELECT video_id FROM reelmill.stage_runs AS s
        WHERE s.state = 'done' AND (
            (s.stage = 'transcode' AND NOT EXISTS (SELECT FROM reelmill.proxies AS p WHERE p.video_id = s.video_id))
            OR (s.stage = 'describe'
                AND NOT EXISTS (SELECT FROM reelmill.descriptions AS d WHERE d.video_id = s.video_id))
            OR (s.stage = 'embed'
                AND NOT EXISTS (SELECT FROM reelmill.embeddings AS e WHERE e.video_id = s.video_id)))""",
    "no bytes of a tenant are in the mill twice": """
        SELECT video_id FROM reelmill.videos AS v JOIN reelmill.stage_runs AS s ON s.video_id = v.id
        WHERE s.stage = 'transcode' AND s.state = 'done' AND v.state NOT IN ('failed', 'duplicate')
          AND v.id <> (SELECT c.video_id FROM reelmill.contents AS c
                       WHERE c.tenant = v.tenant AND c.content_hash = v.content_hash)""",
}
"""Each query finds what breaks the sentence before it."""

ALL_BROKEN = b" UNION ALL ".join(
    f"SELECT '{promise}' WHERE EXISTS ({query})".encode() for promise, query in BROKEN.items()
)
"""One statement for all of them: each step of a long search asks it."""

VIDEOS: LiteralString = """
    SELECT v.id, v.state, v.finished_at IS NULL AND v.next_at <= now(), v.ring_id IS NOT NULL, v.content_hash,
           v.error_class, v.duplicate_of, p.blob_key::int, d.title::int, e.vector[1]::int
    FROM reelmill.videos AS v
    LEFT JOIN reelmill.proxies AS p ON p.video_id = v.id
    LEFT JOIN reelmill.descriptions AS d ON d.video_id = v.id
    LEFT JOIN reelmill.embeddings AS e ON e.video_id = v.id"""
RUNS: LiteralString = (
    "SELECT video_id, stage, state, attempt, waits, token, (facts ->> 'mark')::int FROM reelmill.stage_runs"
)
EFFECTS: LiteralString = "SELECT video_id, stage, life, token FROM effects"
RINGS: LiteralString = "SELECT video_id, links -> 0 ->> 'task_id', stage, queue, due_at IS NULL FROM reelmill.rings"


def check_promises(connection: Connection[Any]) -> None:
    """Look for anything in the ledger that may never be there, whatever happened before."""
    assert connection.execute(ALL_BROKEN).fetchall() == []


def check_against(model: LedgerModel, connection: Connection[Any]) -> None:
    """Compare the ledger, row for row, with what the model says."""
    videos = model.videos.values()
    assert set(connection.execute(VIDEOS)) == {_video(video) for video in videos}
    runs = {
        (v.id, stage, run.state, run.attempt, run.waits, run.token, v.made.get(stage))
        for v in videos
        for stage, run in v.runs.items()
    }
    assert set(connection.execute(RUNS)) == runs
    effects = {(v.id, stage, life, token) for v in videos for (stage, life), token in v.effects.items()}
    assert set(connection.execute(EFFECTS)) == effects
    rings = {(v.id, ring.links[0].task_id, ring.stage, ring.queue, ring.claimed) for v, ring in model.rung()}
    assert set(connection.execute(RINGS)) == rings


def _video(video: VideoModel) -> tuple[Any, ...]:
    marks = [video.made.get(stage) for stage in (Stage.TRANSCODE, Stage.DESCRIBE, Stage.EMBED)]
    due = video.due and not video.finished
    return (video.id, video.state, due, video.ring is not None, video.content, video.error, video.duplicate_of, *marks)
