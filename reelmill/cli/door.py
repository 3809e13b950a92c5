"""The way from a command to the ledger: settings, servers, schema, pool; and a sentence when one of them is amiss."""

from __future__ import annotations

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

import psycopg
import structlog
from psycopg_pool import PoolTimeout

from reelmill import embedded
from reelmill.cli.failures import CommandLineError
from reelmill.errors import ReelmillError
from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.migrate import migrate
from reelmill.ledger.pool import open_pool
from reelmill.ledger.processes import Processes
from reelmill.settings import Settings

CONNECT_LIMIT_S = 10
"""How long an address that does not answer is tried."""


class DatabaseUnavailable(ReelmillError):
    """The ledger's database cannot be used."""


@contextmanager
def opened(settings: Settings) -> Iterator[Ledger]:
    """The ledger, its schema up to date; embedded servers that had to be started stop with the context."""
    _hush_logs()
    # Where the servers were down nobody can be at work, whatever was last said.
    deserted = settings.database_url is None and embedded.running(settings.data_dir) is None
    with _database(settings) as url, _explained(settings):
        _require_reachable(url)
        migrate(url)
        with open_pool(url, size=2, name="cli") as pool:
            if deserted:
                Processes(pool).forget_all()
            yield open_ledger(pool, lease_s=settings.lease_s, ring_wait_s=settings.ring_wait_s)


def video_id(text: str) -> UUID:
    """A video's id as given on the command line. Raises `CommandLineError`."""
    try:
        return UUID(text)
    except ValueError:
        raise CommandLineError(f"{text!r} is not a video's id; `reelmill status` lists them.") from None


@contextmanager
def _database(settings: Settings) -> Iterator[str]:
    if settings.database_url is not None:
        # No command talks to the broker, so nothing needs to be started.
        yield settings.database_url
        return
    with embedded.servers(settings.data_dir, None, settings.broker_url) as servers:
        yield servers.database_url


def _require_reachable(url: str) -> None:
    """Find out within seconds, for the ledger itself is patient with a database that is away."""
    try:
        psycopg.connect(url, connect_timeout=CONNECT_LIMIT_S).close()
    except psycopg.ProgrammingError:
        # Its own message would quote the URL, password and all.
        raise DatabaseUnavailable(
            "REELMILL_DATABASE_URL is not a URL like postgresql://user:password@host:5432/database."
        ) from None


@contextmanager
def _explained(settings: Settings) -> Iterator[None]:
    which = "The database of REELMILL_DATABASE_URL" if settings.database_url else "The embedded database"
    try:
        yield
    except (psycopg.OperationalError, PoolTimeout, psycopg.errors.InsufficientPrivilege) as error:
        reason = " ".join(str(error).split())
        raise DatabaseUnavailable(f"{which} cannot be used: {reason}") from error


def _hush_logs() -> None:
    """Nothing but the answer may reach stdout, and the pool's own complaints are told as a sentence."""
    structlog.configure(
        logger_factory=lambda *_: structlog.PrintLogger(sys.stderr),
        wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR),
    )
    logging.getLogger("psycopg.pool").setLevel(logging.CRITICAL)
