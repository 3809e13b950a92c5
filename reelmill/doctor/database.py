"""Checks of PostgreSQL: its age, pgvector, the schema; and of the mill's state in it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import psycopg
from psycopg import Connection

from reelmill.doctor import mill
from reelmill.doctor.check import Check
from reelmill.ledger.migrate import OLDEST_SERVER, names, pending

CONNECT_LIMIT_S = 5
OLDEST_PGVECTOR = (0, 8)
"""0.8 brought iterative index scans, which a filtered search needs to find as many as it was asked for."""


def checks(url: str) -> Iterator[Check]:
    """The server, and what is in it as far as it can be reached."""
    try:
        with psycopg.connect(url, autocommit=True, connect_timeout=CONNECT_LIMIT_S) as connection:
            # A list: an error must end these checks here, and not in the reader of them.
            yield from list(_examined(connection))
    except psycopg.ProgrammingError:
        # Its own message would quote the URL, password and all.
        detail = "REELMILL_DATABASE_URL is not a URL like postgresql://user:password@host:5432/database."
        yield Check("database", False, detail, "Correct it, or unset it for an embedded server.")
    except psycopg.Error as error:
        detail = f"It cannot be used: {' '.join(str(error).split())}"
        yield Check("database", False, detail, "Start that server, or correct REELMILL_DATABASE_URL.")


def _examined(connection: Connection[Any]) -> Iterator[Check]:
    info = connection.info
    number = f"{info.server_version // 10000}.{info.server_version % 10000}"
    where = f"PostgreSQL {number} at {info.host}:{info.port}, database {info.dbname}"
    if info.server_version < OLDEST_SERVER:
        yield Check("database", False, f"{where}; Reelmill needs 18 or newer.", "Upgrade it, or use the embedded one.")
        return
    yield Check("database", True, where)
    yield _pgvector(connection)
    schema = _schema(connection)
    yield schema
    if schema.ok and not pending(connection):
        yield from mill.checks(connection)


def _pgvector(connection: Connection[Any]) -> Check:
    row = connection.execute(
        "SELECT default_version, installed_version FROM pg_available_extensions WHERE name = 'vector'"
    ).fetchone()
    version = row and (row[1] or row[0])
    if not version:
        return Check("pgvector", False, "The server does not have it.", "Install it on the server (package pgvector).")
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_PGVECTOR:
        return Check(
            "pgvector", False, f"{version}; Reelmill needs 0.8 or newer.",
            "Upgrade it on the server, then run ALTER EXTENSION vector UPDATE.",
        )  # fmt: skip
    return Check("pgvector", True, version if row and row[1] else f"{version}, put to use at the first start")


def _schema(connection: Connection[Any]) -> Check:
    if not _has_ledger(connection):
        return Check("schema", True, "none yet; the first start makes it")
    applied = {name for (name,) in connection.execute("SELECT name FROM reelmill.migrations")}
    newer = sorted(applied - set(names()))
    if newer:
        detail = f"It was brought to {newer[-1]} by a newer Reelmill; this one may misread it."
        return Check("schema", False, detail, "Install that version here too.")
    missing = pending(connection)
    return Check("schema", True, f"{', '.join(missing)} comes with the next start" if missing else "up to date")


def _has_ledger(connection: Connection[Any]) -> bool:
    row = connection.execute("SELECT to_regclass('reelmill.migrations')").fetchone()
    return row is not None and row[0] is not None
