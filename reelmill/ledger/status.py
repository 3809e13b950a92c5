"""How far everything is, for people and for `--json`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, LiteralString
from uuid import UUID

from psycopg.rows import dict_row

from reelmill.ledger.pool import Pool, persist
from reelmill.ledger.queries import query
from reelmill.video import Stage, State

_VIDEOS: LiteralString = (
    "SELECT v.id, v.tenant, v.source, v.state, v.waiting_for, v.error_class, v.error_message, "
    "v.duplicate_of, v.created_at, v.finished_at, d.title "
    "FROM reelmill.videos AS v LEFT JOIN reelmill.descriptions AS d ON d.video_id = v.id "
)


class Status:
    """Read-only views of the ledger; every answer is made of JSON values and datetimes."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def counts(self) -> dict[str, int]:
        """How many videos are in each state, zeros included."""
        rows = self._all(query("counts"))
        counted = {row["state"]: row["n"] for row in rows}
        return {str(state): counted.get(state, 0) for state in State}

    def failures(self) -> list[str]:
        """The error classes of the failed videos."""
        rows = self._all(
            "SELECT DISTINCT error_class FROM reelmill.videos "
            "WHERE state = 'failed' AND finished_at IS NOT NULL AND error_class IS NOT NULL",
        )
        return [row["error_class"] for row in rows]

    def videos(self, *, limit: int = 100, ids: Sequence[UUID] | None = None) -> list[dict[str, Any]]:
        """The newest videos, or those with these ids, the newest first."""
        # Two statements: one condition for both would, once it is planned for any values, walk through all videos.
        if ids is None:
            rows = self._all(_VIDEOS + "ORDER BY v.id DESC LIMIT %(limit)s", {"limit": limit})
        else:
            some = "WHERE v.id = ANY (%(ids)s) ORDER BY v.id DESC LIMIT %(limit)s"
            rows = self._all(_VIDEOS + some, {"ids": list(ids), "limit": limit})
        return [_with_error(row) for row in rows]

    def video(self, video_id: UUID) -> dict[str, Any] | None:
        """Everything about one video: its stages, its description, its cost; None when there is no such video."""
        found = self.videos(ids=[video_id], limit=1)
        if not found:
            return None
        return found[0] | {
            "stages": self._stages(video_id),
            "description": self._description(video_id),
            "cost": self._cost(video_id),
        }

    def progress(self, ids: Sequence[UUID]) -> dict[str, int]:
        """How many of these videos have passed each stage; those that ended otherwise count for all."""
        row = self._all(
            "SELECT count(*) FILTER (WHERE state <> 'queued') AS transcode, "
            "count(*) FILTER (WHERE state NOT IN ('queued', 'transcoded')) AS describe, "
            "count(*) FILTER (WHERE state NOT IN ('queued', 'transcoded', 'described')) AS embed, "
            "count(*) FILTER (WHERE finished_at IS NOT NULL) AS index "
            "FROM reelmill.videos WHERE id = ANY (%(ids)s)",
            {"ids": list(ids)},
        )[0]
        return {str(stage): row[str(stage)] for stage in Stage}

    def _stages(self, video_id: UUID) -> list[dict[str, Any]]:
        rows = self._all(
            "SELECT stage, version, state, attempt, waits, worker, device, started_at, finished_at, next_at, "
            "lease_until, extract(epoch FROM finished_at - started_at)::float AS seconds, "
            "facts, error_class, error_message, evidence FROM reelmill.stage_runs WHERE video_id = %(id)s "
            "ORDER BY array_position(ARRAY['transcode', 'describe', 'embed', 'index'], stage), version",
            {"id": video_id},
        )
        return [_with_error(row) for row in rows]

    def _description(self, video_id: UUID) -> dict[str, Any] | None:
        rows = self._all(
            "SELECT title, genres, description, tags, evidence FROM reelmill.descriptions WHERE video_id = %(id)s",
            {"id": video_id},
        )
        return rows[0] if rows else None

    def _cost(self, video_id: UUID) -> dict[str, Any]:
        return self._all(
            "SELECT count(*) AS calls, coalesce(sum(input_tokens), 0)::bigint AS input_tokens, "
            "coalesce(sum(output_tokens), 0)::bigint AS output_tokens, "
            "coalesce(sum(usd_micros), 0)::float / 1e6 AS usd FROM reelmill.costs WHERE video_id = %(id)s",
            {"id": video_id},
        )[0]

    @persist
    def _all(self, statement: LiteralString | bytes, values: dict[str, Any] | None = None) -> list[dict[str, Any]]:
        with self.pool.connection() as connection:
            return connection.cursor(row_factory=dict_row).execute(statement, values).fetchall()


def _with_error(row: dict[str, Any]) -> dict[str, Any]:
    error_class, message = row.pop("error_class"), row.pop("error_message")
    evidence = {"evidence": row.pop("evidence")} if "evidence" in row else {}
    error = {"class": error_class, "message": message} | evidence if error_class else None
    return row | {"error": error}
