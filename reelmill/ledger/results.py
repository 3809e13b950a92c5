"""What the stages make, written inside the commit's transaction and read back by the next stage."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any, LiteralString
from uuid import UUID

from psycopg import Connection
from psycopg.rows import dict_row
from psycopg.types.json import Jsonb

from reelmill.ledger.pool import Pool, persist
from reelmill.video import Box, Description, SourceFacts, Space, StageResult, StoredProxy, Vector


def save(connection: Connection[Any], video_id: UUID, result: StageResult) -> None:
    """Write what there is of a stage's result; a second time replaces the first."""
    if result.proxy:
        _save_proxy(connection, video_id, result.proxy)
    if result.description:
        _save_description(connection, video_id, result.description)
    if result.vectors:
        _save_vectors(connection, video_id, result.vectors)


class Results:
    """What the stages made, for the stages after them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool

    def proxy(self, video_id: UUID) -> StoredProxy:
        """The video's proxy. Raises `LookupError` when it has none."""
        row = self._one(
            "SELECT blob_key, frames, duration_s, content, has_audio, source FROM reelmill.proxies WHERE video_id = %s",
            video_id,
        )
        return StoredProxy(**row | {"content": Box(*row["content"]), "source": SourceFacts(**row["source"])})

    def description(self, video_id: UUID) -> Description:
        """The video's description. Raises `LookupError` when it has none."""
        row = self._one(
            "SELECT title, genres, description, tags, evidence, index_text "
            "FROM reelmill.descriptions WHERE video_id = %s",
            video_id,
        )
        return Description.model_validate(row)

    @persist
    def _one(self, statement: LiteralString, video_id: UUID) -> dict[str, Any]:
        with self.pool.connection() as connection:
            row = connection.cursor(row_factory=dict_row).execute(statement, [video_id]).fetchone()
        if row is None:
            raise LookupError(f"Video {video_id} has not come that far.")
        return row


def _save_proxy(connection: Connection[Any], video_id: UUID, proxy: StoredProxy) -> None:
    box = proxy.content
    connection.execute(
        "INSERT INTO reelmill.proxies (video_id, blob_key, frames, duration_s, content, has_audio, source) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (video_id) DO UPDATE SET "
        "blob_key = excluded.blob_key, frames = excluded.frames, duration_s = excluded.duration_s, "
        "content = excluded.content, has_audio = excluded.has_audio, source = excluded.source",
        [
            video_id,
            proxy.blob_key,
            proxy.frames,
            proxy.duration_s,
            [box.x, box.y, box.width, box.height],
            proxy.has_audio,
            Jsonb(asdict(proxy.source)),
        ],
    )


def _save_description(connection: Connection[Any], video_id: UUID, description: Description) -> None:
    document = description.model_dump(mode="json")
    connection.execute(
        "INSERT INTO reelmill.descriptions "
        "(video_id, title, genres, description, tags, evidence, index_text) "
        "VALUES (%s, %s, %s, %s, %s, %s, %s) ON CONFLICT (video_id) DO UPDATE SET "
        "title = excluded.title, genres = excluded.genres, "
        "description = excluded.description, tags = excluded.tags, evidence = excluded.evidence, "
        "index_text = excluded.index_text, created_at = now()",
        [
            video_id,
            document["title"],
            document["genres"],
            document["description"],
            Jsonb(document["tags"]),
            Jsonb(document["evidence"]),
            document["index_text"],
        ],
    )


def _save_vectors(connection: Connection[Any], video_id: UUID, vectors: Mapping[Space, Vector]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO reelmill.embeddings (video_id, space, vector) VALUES (%s, %s, %s) "
            "ON CONFLICT (video_id, space) DO UPDATE SET vector = excluded.vector",
            [(video_id, space.name, vector.tolist()) for space, vector in vectors.items()],
        )
