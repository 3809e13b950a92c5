"""The health probe: whether this host's worker of a queue lives, and takes messages."""

from __future__ import annotations

import psycopg
import typer

from reelmill.ledger.consumers import SILENT_S, consumers

CONNECT_LIMIT_S = 5
"""Seconds; probes are given about ten."""


def fault(database_url: str, queue: str, *, host: str) -> str:
    """What is wrong, as a sentence; empty when all is well, or when the ledger is away and cannot tell.

    Workers of other hosts are no excuse for this one's, nor are they its fault. A database that is away is not
    mended by a restart of all workers, so the probe says so and finds no fault.
    """
    try:
        with psycopg.connect(database_url, autocommit=True, connect_timeout=CONNECT_LIMIT_S) as connection:
            here = [each for each in consumers(connection) if each.queue == queue and each.host == host]
    except psycopg.OperationalError as error:
        typer.echo(f"Not judged, for the database is away: {' '.join(str(error).split())}", err=True)
        return ""
    if not here:
        return f"No worker of queue {queue} on {host} has given a sign of life."
    silent = [each for each in here if each.silent]
    if silent:
        waiting = f"{silent[0].messages} messages of queue {queue} wait"
        return f"{silent[0].name} lives, but has taken nothing for {SILENT_S:.0f} seconds while {waiting}."
    return ""
