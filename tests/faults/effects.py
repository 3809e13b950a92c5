"""What really happened, written down by those who did it and by the database's own triggers; the ledger is not asked.

Two logs that only grow: a file with a line for each call of a describer, and a table filled by triggers with each
change that counts.
"""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any
from uuid import UUID

from psycopg import Connection

AUDIT = Path(__file__).with_name("audit.sql")

LOG = "effects"


def log_effect(folder: Path, effect: str, subject: str) -> None:
    """Add a line. One write of a short line to a file opened for appending is never torn apart."""
    line = json.dumps({"effect": effect, "subject": subject, "pid": os.getpid()}) + "\n"
    descriptor = os.open(folder / LOG, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    try:
        os.write(descriptor, line.encode())
    finally:
        os.close(descriptor)


def logged(folder: Path, effect: str) -> Counter[str]:
    """How often each subject had this effect."""
    if not (folder / LOG).exists():
        return Counter()
    lines = [json.loads(line) for line in (folder / LOG).read_text().splitlines()]
    return Counter(line["subject"] for line in lines if line["effect"] == effect)


def watch(connection: Connection[Any]) -> None:
    """Have the database write down every change that counts, from now on."""
    connection.execute(AUDIT.read_bytes())


def broken_promises(connection: Connection[Any], videos: Iterable[UUID], folder: Path) -> list[str]:
    """What the logs show that must not be, for these accepted videos; an empty list is the good answer.

    Each ends once; each stage is done once; tokens only rise; what a stage made was written in the very transaction
    in which its run became done; and a describer was called once, and once more for each try that a fault ended.
    """
    ids = list(videos)
    return [
        *_not_ended_once(connection, ids),
        *_called_too_often(connection, ids, logged(folder, "describe")),
        *_done_twice(connection, ids),
        *_out_of_order(connection, ids),
        *_beside_the_fence(connection, ids),
        *_left_over(connection, ids),
    ]


def _not_ended_once(connection: Connection[Any], ids: list[UUID]) -> list[str]:
    rows = connection.execute(
        "SELECT v.id, count(e.id) FILTER (WHERE e.kind = 'finished'), count(e.id) FILTER (WHERE e.kind = 'reopened') "
        "FROM unnest(%s::uuid[]) AS v (id) LEFT JOIN audit.effects AS e ON e.video_id = v.id GROUP BY v.id",
        [ids],
    )
    wrong = [f"{video} ended {ends} times, reopened {again}" for video, ends, again in rows if (ends, again) != (1, 0)]
    found = connection.execute(
        "SELECT count(*) FROM reelmill.videos WHERE id = ANY (%s) AND finished_at IS NOT NULL", [ids]
    ).fetchone()
    return wrong + ([] if found == (len(ids),) else [f"{found} of {len(ids)} videos are there and ended"])


def _called_too_often(connection: Connection[Any], ids: list[UUID], calls: Counter[str]) -> list[str]:
    rows = connection.execute(
        "SELECT v.id, count(e.id) FROM unnest(%s::uuid[]) AS v (id) LEFT JOIN audit.effects AS e "
        "ON e.video_id = v.id AND e.stage = 'describe' AND e.kind IN ('run waiting', 'run failed') GROUP BY v.id",
        [ids],
    )
    return [
        f"the describer was called {calls[str(video)]} times for {video}, and {ended} tries ended otherwise"
        for video, ended in rows
        if calls[str(video)] > ended + 1
    ]


def _done_twice(connection: Connection[Any], ids: list[UUID]) -> list[str]:
    rows = connection.execute(
        "SELECT video_id, stage, count(*) FROM audit.effects WHERE kind = 'run done' AND video_id = ANY (%s) "
        "GROUP BY video_id, stage, version HAVING count(*) > 1",
        [ids],
    )
    return [f"{stage} of {video} was done {times} times" for video, stage, times in rows]


def _out_of_order(connection: Connection[Any], ids: list[UUID]) -> list[str]:
    rows = connection.execute(
        "SELECT video_id, stage FROM (SELECT video_id, stage, token, lag(token) OVER "
        "(PARTITION BY video_id, stage, version ORDER BY id) AS before FROM audit.effects "
        "WHERE token IS NOT NULL AND video_id = ANY (%s)) AS tokens WHERE token < before",
        [ids],
    )
    return [f"{stage} of {video} was written under an old token" for video, stage in rows]


def _beside_the_fence(connection: Connection[Any], ids: list[UUID]) -> list[str]:
    rows = connection.execute(
        "SELECT e.video_id, e.stage FROM audit.effects AS e WHERE e.kind = 'result' AND e.video_id = ANY (%s) "
        "AND NOT EXISTS (SELECT FROM audit.effects AS d WHERE d.transaction = e.transaction "
        "AND d.video_id = e.video_id AND d.kind = 'run done' AND d.stage = e.stage)",
        [ids],
    )
    return [f"what {stage} made of {video} was written without the stage being done" for video, stage in rows]


def _left_over(connection: Connection[Any], ids: list[UUID]) -> list[str]:
    left = {
        "rings": "SELECT count(*) FROM reelmill.rings WHERE video_id = ANY (%s)",
        "running stages": "SELECT count(*) FROM reelmill.stage_runs WHERE state = 'running' AND video_id = ANY (%s)",
        "reasons to wait": "SELECT count(*) FROM reelmill.videos WHERE id = ANY (%s) AND waiting_for IS NOT NULL",
    }
    counted = {what: connection.execute(query, [ids]).fetchone() for what, query in left.items()}
    return [f"{found[0]} {what} left" for what, found in counted.items() if found and found[0]]
