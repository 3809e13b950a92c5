"""Ledgers with a backlog: databases of one embedded PostgreSQL, each with so many queued videos."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg

from reelmill.embedded import Embedded
from reelmill.ledger.migrate import migrate

TENANTS = 20


@dataclass(frozen=True)
class Backlog:
    """A database with so many videos, all waiting to be rung for the first time."""

    queued: int
    url: str
    bytes_per_video: float
    """Of the table with its indexes, right after filling."""


def step(text: str) -> None:
    """Tell the person who waits what is being done."""
    print(text, file=sys.stderr, flush=True)


@contextmanager
def server() -> Iterator[str]:
    """An embedded PostgreSQL with fsync on, as it is shipped; gives the URL of its database."""
    with TemporaryDirectory() as folder:
        embedded = Embedded(Path(folder))
        try:
            yield embedded.start().database_url
        finally:
            embedded.stop()


def ledger(server_url: str, name: str) -> str:
    """Make an empty, migrated database and return its URL."""
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    url = f"{server_url.rpartition('/')[0]}/{name}"
    migrate(url)
    return url


def filled(server_url: str, queued: int) -> Backlog:
    """A database with a backlog, analyzed and vacuumed as autovacuum would have done meanwhile."""
    step(f"filling a ledger with {queued:,} queued videos ...")
    url = ledger(server_url, f"queued_{queued}")
    with psycopg.connect(url, autocommit=True) as connection:
        connection.execute(
            "INSERT INTO reelmill.videos (tenant, source) "
            "SELECT 'tenant-' || n %% %s, 's3://uploads/' || gen_random_uuid() || '.mp4' FROM generate_series(1, %s) n",
            [TENANTS, queued],
        )
        connection.execute("VACUUM ANALYZE")
        # What filling has left to write shall not be written while something is measured.
        connection.execute("CHECKPOINT")
        row = connection.execute("SELECT pg_total_relation_size('reelmill.videos')").fetchone()
    return Backlog(queued, url, (row[0] if row else 0) / queued)
