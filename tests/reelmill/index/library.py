"""A library of made-up videos in a real database, for the tests of the index and of what stands on it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

import numpy as np
from psycopg.types.json import Jsonb

from reelmill.index.pgvector import PgvectorStore
from reelmill.ledger.pool import Pool
from reelmill.video import Space, Vector


class Library:
    """Adds videos as the stages would leave them."""

    def __init__(self, pool: Pool) -> None:
        self.pool = pool
        self.store = PgvectorStore(pool)

    def add(
        self,
        vectors: Mapping[Space, Sequence[float]],
        *,
        tenant: str = "default",
        state: str = "indexed",
        title: str = "A clip",
        tags: Sequence[tuple[str, float]] = (),
    ) -> UUID:
        """One video with its embeddings; in the index too when it is `indexed`."""
        with self.pool.connection() as connection, connection.transaction():
            [video_id] = connection.execute(
                "INSERT INTO reelmill.videos (tenant, source, state) VALUES (%s, uuidv7()::text, %s) RETURNING id",
                [tenant, state],
            ).fetchone()
            connection.execute(
                "INSERT INTO reelmill.descriptions "
                "(video_id, title, genres, description, tags, evidence, index_text) "
                "VALUES (%s, %s, '{}', '', %s, '[]', '')",
                [video_id, title, Jsonb([{"name": name, "confidence": sure} for name, sure in tags])],
            )
            for space, vector in vectors.items():
                connection.execute(
                    "INSERT INTO reelmill.embeddings (video_id, space, vector) VALUES (%s, %s, %s)",
                    [video_id, space.name, list(vector)],
                )
            if state == "indexed":
                self.store.upsert(connection, video_id, list(vectors))
        return video_id

    def add_many(self, space: Space, vectors: Vector, *, tenant: str) -> list[UUID]:
        """Many indexed videos at once, shape (videos, dimensions), in the ledger alone; returns their ids in order."""
        with self.pool.connection() as connection, connection.transaction():
            ids = [
                row[0]
                for row in connection.execute(
                    "INSERT INTO reelmill.videos (tenant, source, state) "
                    "SELECT %s, uuidv7()::text, 'indexed' FROM generate_series(1, %s) RETURNING id",
                    [tenant, len(vectors)],
                )
            ]
            with connection.cursor().copy("COPY reelmill.embeddings (video_id, space, vector) FROM STDIN") as copy:
                for video_id, vector in zip(ids, vectors, strict=True):
                    copy.write_row((video_id, space.name, vector.tolist()))
        return ids


def unit_vectors(count: int, dimensions: int, seed: int = 0) -> Vector:
    """Random vectors of unit length, shape (count, dimensions)."""
    drawn = np.random.default_rng(seed).standard_normal((count, dimensions)).astype(np.float32)
    return drawn / np.linalg.norm(drawn, axis=1, keepdims=True)
