"""The vector store on PostgreSQL with pgvector: write, backfill, and find the nearest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Connection, sql

from reelmill.index.spaces import METRICS, create_index, drop_index, register, table
from reelmill.ledger.pool import Pool
from reelmill.ports import Neighbour
from reelmill.video import Space, Vector

EXACT_UP_TO = 5000
"""A tenant with this many videos or fewer is searched exactly, which takes about 1 microsecond a video with 512
dimensions; HNSW would look for its few among everybody's."""

MIN_EF_SEARCH, MAX_EF_SEARCH = 100, 1000
"""Candidates an HNSW search keeps: twice the asked number, within these; 1000 is pgvector's most."""

_COPY = sql.SQL(
    "INSERT INTO {table} AS indexed (video_id, tenant, vector) "
    "SELECT videos.id, videos.tenant, embeddings.vector::halfvec "
    "FROM reelmill.embeddings JOIN reelmill.videos ON videos.id = embeddings.video_id "
    "WHERE embeddings.space = %(space)s AND {which} "
    "ON CONFLICT (video_id) DO UPDATE SET tenant = excluded.tenant, vector = excluded.vector "
    # A row written anew costs HNSW a node, so one that is the same already is left alone.
    "WHERE (indexed.tenant, indexed.vector) IS DISTINCT FROM (excluded.tenant, excluded.vector)"
)

# The outer sort mends the order, which a relaxed scan only nearly keeps, and settles ties.
_NEAREST = sql.SQL(
    "WITH found AS MATERIALIZED ("
    "SELECT video_id, vector {operator} %(vector)s::halfvec AS distance FROM {table} "
    "WHERE tenant = %(tenant)s AND video_id <> ALL(%(exclude)s) ORDER BY distance LIMIT %(k)s) "
    "SELECT video_id, distance FROM found ORDER BY distance, video_id"
)

# Materialized without an order, so that the planner cannot turn to the approximate index.
_NEAREST_EXACT = sql.SQL(
    "WITH all_of_them AS MATERIALIZED ("
    "SELECT video_id, vector {operator} %(vector)s::halfvec AS distance FROM {table} "
    "WHERE tenant = %(tenant)s AND video_id <> ALL(%(exclude)s)) "
    "SELECT video_id, distance FROM all_of_them ORDER BY distance, video_id LIMIT %(k)s"
)

_AMONG = sql.SQL(
    "SELECT video_id, vector {operator} %(vector)s::halfvec AS distance FROM {table} "
    "WHERE video_id = ANY(%(video_ids)s)"
)


class PgvectorStore:
    """The index in PostgreSQL. A row is there exactly when its video has been `indexed`.

    The index stage inserts it in the transaction that makes the video `indexed`, and a backfill takes indexed
    videos alone, so that a search need not join the ledger, which would cost HNSW its order.
    """

    def __init__(self, pool: Pool) -> None:
        self._pool = pool

    def add_space(self, space: Space) -> None:
        """Create the space's table and index if they are missing; see `register`."""
        with self._pool.connection() as connection:
            register(connection, space)

    def upsert(self, connection: Connection[Any], video_id: UUID, spaces: Sequence[Space]) -> None:
        """Copy the video's vectors from the ledger into the index, inside the caller's transaction.

        Within the database: no vector passes through Python. A vector that the ledger lacks is left out.
        """
        for space in spaces:
            copy = _COPY.format(table=table(space), which=sql.SQL("videos.id = %(video_id)s"))
            connection.execute(copy, {"space": space.name, "video_id": video_id})

    def backfill(self, space: Space) -> int:
        """Bring all indexed videos' vectors of a space from the ledger; return how many rows that wrote.

        An empty table is loaded first and indexed after, which is many times faster; others wait meanwhile.
        """
        copy = _COPY.format(table=table(space), which=sql.SQL("videos.state = 'indexed'"))
        with self._pool.connection() as connection, connection.transaction():
            # One backfill of a space at a time, or two could each wait for the other to drop the index.
            connection.execute(sql.SQL("LOCK {} IN SHARE UPDATE EXCLUSIVE MODE").format(table(space)))
            empty = self._is_empty(connection, space)
            if empty:
                drop_index(connection, space)
            written = connection.execute(copy, {"space": space.name}).rowcount
            if empty:
                create_index(connection, space)
        return written

    def vectors_of(self, video_id: UUID, spaces: Sequence[Space]) -> Mapping[str, Vector]:
        """The indexed vectors of a video by the name of their space; those it lacks are missing."""
        vectors: dict[str, Vector] = {}
        with self._pool.connection() as connection:
            for space in spaces:
                query = sql.SQL("SELECT vector::real[] FROM {} WHERE video_id = %s").format(table(space))
                row = connection.execute(query, [video_id]).fetchone()
                if row is not None:
                    vectors[space.name] = np.asarray(row[0], dtype=np.float32)
        return vectors

    def nearest(
        self, space: Space, vector: Vector, *, tenant: str, k: int, exclude: Sequence[UUID] = ()
    ) -> list[Neighbour]:
        """The k nearest of the tenant's indexed videos, nearest first; fewer only if there are no more.

        Exact for a tenant of up to `EXACT_UP_TO` videos. For a larger one HNSW, scanned on until k are found
        past the filters; should pgvector's scan limit end that too early, the exact search answers.
        """
        asked = {"vector": _literal(vector), "tenant": tenant, "k": k, "exclude": list(exclude)}
        with self._pool.connection() as connection, connection.transaction():
            if not self._is_small(connection, space, tenant):
                found = _approximate(connection, space, asked)
                if len(found) == k:
                    return found
            return _neighbours(connection, space, _NEAREST_EXACT, asked)

    def similarities(self, space: Space, vector: Vector, video_ids: Sequence[UUID]) -> Mapping[UUID, float]:
        """How near each of these videos is, on the scale of `Neighbour`; those not in the space are missing."""
        asked = {"vector": _literal(vector), "video_ids": list(video_ids)}
        with self._pool.connection() as connection:
            return {near.video_id: near.similarity for near in _neighbours(connection, space, _AMONG, asked)}

    @staticmethod
    def _is_small(connection: Connection[Any], space: Space, tenant: str) -> bool:
        # Counting stops one past the limit, so that this costs a large tenant no more than a small one.
        query = sql.SQL("SELECT count(*) FROM (SELECT FROM {} WHERE tenant = %s LIMIT %s) AS counted")
        row = connection.execute(query.format(table(space)), [tenant, EXACT_UP_TO + 1]).fetchone()
        return row is not None and row[0] <= EXACT_UP_TO

    @staticmethod
    def _is_empty(connection: Connection[Any], space: Space) -> bool:
        return connection.execute(sql.SQL("SELECT FROM {} LIMIT 1").format(table(space))).fetchone() is None


def _approximate(connection: Connection[Any], space: Space, asked: dict[str, Any]) -> list[Neighbour]:
    ef_search = min(max(MIN_EF_SEARCH, 2 * asked["k"]), MAX_EF_SEARCH)
    connection.execute(
        "SELECT set_config('hnsw.iterative_scan', 'relaxed_order', true), set_config('hnsw.ef_search', %s, true)",
        [str(ef_search)],
    )
    return _neighbours(connection, space, _NEAREST, asked)


def _neighbours(connection: Connection[Any], space: Space, query: sql.SQL, asked: dict[str, Any]) -> list[Neighbour]:
    metric = METRICS[space.metric]
    rows = connection.execute(query.format(table=table(space), operator=metric.operator), asked)
    return [Neighbour(video_id, metric.offset - distance) for video_id, distance in rows]


def _literal(vector: Vector) -> str:
    # As text, the parameter itself is a halfvec; an array would be converted anew for each row compared.
    return str(vector.tolist())
