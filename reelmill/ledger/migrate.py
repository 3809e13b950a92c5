"""Bring a database's `reelmill` schema up to date, one numbered file after the other."""

from __future__ import annotations

from importlib.resources import files

import psycopg
from psycopg import Connection

from reelmill.errors import Misuse
from reelmill.ledger import locks

OLDEST_SERVER = 180000
"""PostgreSQL 18 brought `uuidv7()`, which the ids of videos are made with."""


def migrate(database_url: str) -> list[str]:
    """Apply the migrations that are missing and return their names.

    Safe to call from any number of processes at once. Raises `Misuse` on a server that is too old or that
    lacks pgvector.
    """
    with psycopg.connect(database_url, autocommit=True) as connection:
        if not pending(connection):
            return []  # So it is for most callers, and they need no right to create anything.
        _check(connection)
        connection.execute("SELECT pg_advisory_lock(%s)", [locks.MIGRATE])
        connection.execute("CREATE SCHEMA IF NOT EXISTS reelmill")
        connection.execute(
            "CREATE TABLE IF NOT EXISTS reelmill.migrations "
            "(name text PRIMARY KEY, applied_at timestamptz NOT NULL DEFAULT now())"
        )
        return [name for name in pending(connection) if _apply(connection, name)]


def names() -> list[str]:
    """The migrations that ship with this version, in order."""
    return sorted(file.name for file in files("reelmill.ledger.sql").iterdir() if file.name.endswith(".sql"))


def pending(connection: Connection) -> list[str]:
    """The migrations that this database has not had yet, in order."""
    row = connection.execute("SELECT to_regclass('reelmill.migrations')").fetchone()
    if row == (None,):
        return names()
    applied = {name for (name,) in connection.execute("SELECT name FROM reelmill.migrations")}
    return [name for name in names() if name not in applied]


def _check(connection: Connection) -> None:
    if connection.info.server_version < OLDEST_SERVER:
        major = connection.info.server_version // 10000
        raise Misuse(f"The database is PostgreSQL {major}; Reelmill needs 18 or newer.")
    try:
        connection.execute("CREATE EXTENSION IF NOT EXISTS vector")
    except psycopg.errors.UniqueViolation:
        pass  # Another process created it in the same instant.
    except (psycopg.errors.FeatureNotSupported, psycopg.errors.UndefinedFile) as error:
        raise Misuse("The database lacks pgvector; install it on the server (package pgvector).") from error
    except psycopg.errors.InsufficientPrivilege as error:
        raise Misuse("Ask a superuser to run CREATE EXTENSION vector in this database once.") from error


def _apply(connection: Connection, name: str) -> bool:
    script = files("reelmill.ledger.sql").joinpath(name).read_text().encode()
    with connection.transaction():
        connection.execute(script)
        connection.execute("INSERT INTO reelmill.migrations (name) VALUES (%s)", [name])
    return True
