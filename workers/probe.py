"""The health probe: whether this host's worker of a queue lives, and takes messages."""

from __future__ import annotations

import psycopg
import typer
from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from reelmill.embedded import Servers
from reelmill.errors import Misuse
from reelmill.ledger.consumers import SILENT_S, Consumer, consumers
from reelmill.settings import Settings
from workers import boot

ANSWER_LIMIT_S = 4
"""Seconds for each of the two servers; probes are given about ten."""


def verdict(settings: Settings, queue: str, *, host: str) -> str:
    """`fault` with the servers of the settings; embedded ones that do not run are away like any others."""
    try:
        servers = Servers(boot.database_url(settings), boot.broker_url(settings))
    except Misuse as error:
        return _unjudged(error)
    return fault(servers, queue, host=host)


def fault(servers: Servers, queue: str, *, host: str) -> str:
    """What is wrong, as a sentence; empty when all is well, or when a server is away and nobody can tell.

    Workers of other hosts are no excuse for this one's, nor are they its fault. A database or a broker that is away
    is not mended by a restart of all workers, so the probe says so on stderr and finds no fault.
    """
    try:
        with psycopg.connect(servers.database_url, autocommit=True, connect_timeout=ANSWER_LIMIT_S) as connection:
            found = _fault_of(consumers(connection), queue, host)
    except psycopg.OperationalError as error:
        return _unjudged(f"the database is away: {error}")
    away = _broker_away(servers.broker_url) if found else ""
    return _unjudged(f"the broker is away: {away}") if away else found


def _fault_of(found: list[Consumer], queue: str, host: str) -> str:
    here = [each for each in found if each.queue == queue and each.host == host]
    if not here:
        return f"No worker of queue {queue} on {host} has given a sign of life."
    silent = [each for each in here if each.silent]
    if silent:
        waiting = f"{silent[0].messages} messages of queue {queue} wait"
        return f"{silent[0].name} lives, but has taken nothing for {SILENT_S:.0f} seconds while {waiting}."
    return ""


def _broker_away(url: str) -> str:
    """Why the broker does not answer a PING; empty when it does."""
    limits = {"socket_timeout": ANSWER_LIMIT_S, "socket_connect_timeout": ANSWER_LIMIT_S}
    try:
        with Redis.from_url(url, retry=Retry(NoBackoff(), 0), **limits) as client:
            client.ping()
    except ValueError:
        # Its own message may quote the URL, password and all.
        return "REELMILL_BROKER_URL is not a URL like redis://:password@host:6379/0"
    except (RedisError, OSError) as error:
        return str(error)
    return ""


def _unjudged(why: object) -> str:
    typer.echo(f"Not judged: {' '.join(str(why).split())}", err=True)
    return ""
