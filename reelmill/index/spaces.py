"""The vector spaces: which exist, which are asked for recommendations, and the table of each."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from psycopg import Connection, sql
from psycopg.rows import class_row

from reelmill.errors import Misuse
from reelmill.ledger import locks
from reelmill.video import Space

MAX_DIMENSIONS = 4000
"""The most that pgvector indexes of a `halfvec`."""

NAME = re.compile(r"[a-z0-9_]{1,48}")


@dataclass(frozen=True)
class Metric:
    """One of pgvector's ways to compare, in pgvector's words."""

    operator: sql.SQL
    """Gives a distance: the smaller, the nearer."""
    operator_class: sql.SQL
    """What an HNSW index for that operator is made with."""
    offset: float = 0.0
    """Similarity is this less the distance: cosine distance is one less the cosine."""


METRICS: Mapping[str, Metric] = {
    "cosine": Metric(sql.SQL("<=>"), sql.SQL("halfvec_cosine_ops"), offset=1.0),
    "inner_product": Metric(sql.SQL("<#>"), sql.SQL("halfvec_ip_ops")),
    "l2": Metric(sql.SQL("<->"), sql.SQL("halfvec_l2_ops")),
    "l1": Metric(sql.SQL("<+>"), sql.SQL("halfvec_l1_ops")),
}
"""By the name a `Space` gives its metric. `<#>` is the negated inner product, so that smaller is nearer."""


def table(space: Space) -> sql.Composed:
    """The space's table, qualified and quoted. Raises `Misuse` when the name is not `[a-z0-9_]{1,48}`."""
    return sql.SQL("{}.{}").format(sql.Identifier("reelmill"), sql.Identifier(f"space_{_checked(space).name}"))


def register(connection: Connection[Any], space: Space) -> None:
    """Make the space known, with its table and index, if it is not yet.

    The first space of a kind is active from the start. Any number of processes may do this at once. Raises
    `Misuse` when a space of that name has another kind, other dimensions or another metric.
    """
    _checked(space)
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [locks.SPACES])
        known = _named(connection, space.name)
        if known is None:
            _create(connection, space)
        elif known != space:
            raise Misuse(
                f"Space {space.name} is there already, as {_shape(known)}, not {_shape(space)}; "
                "a new model needs a new name."
            )


def active(connection: Connection[Any]) -> list[Space]:
    """The spaces that recommendations are made from, one of each kind at most: text, then visual."""
    cursor = connection.cursor(row_factory=class_row(Space))
    return cursor.execute(
        "SELECT name, kind, dimensions, metric FROM reelmill.spaces WHERE active ORDER BY kind"
    ).fetchall()


def activate(connection: Connection[Any], name: str) -> None:
    """Make recommendations from this space instead of the one of its kind so far, all at once.

    Raises `Misuse` when there is no such space.
    """
    with connection.transaction():
        connection.execute("SELECT pg_advisory_xact_lock(%s)", [locks.SPACES])
        space = _named(connection, name)
        if space is None:
            raise Misuse(f"There is no space {name}.")
        # Two statements, because a unique index is checked row by row, in no promised order.
        connection.execute("UPDATE reelmill.spaces SET active = false WHERE active AND kind = %s", [space.kind])
        connection.execute("UPDATE reelmill.spaces SET active = true WHERE name = %s", [name])


def create_index(connection: Connection[Any], space: Space) -> None:
    """Build the space's HNSW index, with pgvector's own defaults: 16 links a node, 64 candidates."""
    connection.execute(
        sql.SQL("CREATE INDEX {} ON {} USING hnsw (vector {})").format(
            _index(space), table(space), METRICS[space.metric].operator_class
        )
    )


def drop_index(connection: Connection[Any], space: Space) -> None:
    """Drop the space's HNSW index; until the transaction ends, others wait."""
    connection.execute(sql.SQL("DROP INDEX {}.{}").format(sql.Identifier("reelmill"), _index(space)))


def _create(connection: Connection[Any], space: Space) -> None:
    connection.execute(
        "INSERT INTO reelmill.spaces (name, kind, dimensions, metric, active) VALUES (%(name)s, %(kind)s, "
        "%(dimensions)s, %(metric)s, NOT EXISTS (SELECT FROM reelmill.spaces WHERE kind = %(kind)s AND active))",
        vars(space),
    )
    connection.execute(
        sql.SQL(
            "CREATE TABLE {} (video_id uuid PRIMARY KEY REFERENCES reelmill.videos ON DELETE CASCADE, "
            # MAIN keeps a vector of over 2 kB in its row, where an exact search reads it several times faster.
            "tenant text NOT NULL, vector halfvec({}) STORAGE MAIN NOT NULL)"
        ).format(table(space), sql.Literal(space.dimensions))
    )
    # For the exact search of a small tenant, which HNSW would look for among everybody's videos.
    connection.execute(sql.SQL("CREATE INDEX ON {} (tenant)").format(table(space)))
    create_index(connection, space)


def _named(connection: Connection[Any], name: str) -> Space | None:
    cursor = connection.cursor(row_factory=class_row(Space))
    return cursor.execute(
        "SELECT name, kind, dimensions, metric FROM reelmill.spaces WHERE name = %s", [name]
    ).fetchone()


def _checked(space: Space) -> Space:
    if not NAME.fullmatch(space.name):
        raise Misuse(f"{space.name!r} cannot name a space: 1 to 48 of a-z, 0-9 and _ can.")
    if not 1 <= space.dimensions <= MAX_DIMENSIONS:
        raise Misuse(f"A space has 1 to {MAX_DIMENSIONS} dimensions, not {space.dimensions}.")
    return space


def _index(space: Space) -> sql.Identifier:
    return sql.Identifier(f"space_{space.name}_hnsw")


def _shape(space: Space) -> str:
    return f"{space.kind}, {space.dimensions} dimensions, {space.metric}"
