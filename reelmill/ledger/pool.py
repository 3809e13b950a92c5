"""Connections to the ledger's database, and patience while it restarts."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from functools import wraps
from typing import Any, ParamSpec, TypeVar

import structlog
from psycopg import Connection, OperationalError
from psycopg_pool import ConnectionPool, PoolTimeout

Pool = ConnectionPool[Connection[Any]]
P = ParamSpec("P")
T = TypeVar("T")

PATIENCE_S = 20.0
"""How long a ledger call outlasts a database that is away: a restart takes a second or two."""
PAUSE_S = 0.25

ALERT: Mapping[str, Any] = {
    "autocommit": True,
    "keepalives_idle": 10,
    "keepalives_interval": 5,
    "keepalives_count": 3,
    "tcp_user_timeout": 25_000,
    "options": "-c tcp_keepalives_idle=10 -c tcp_keepalives_interval=5 -c tcp_keepalives_count=3",
}
"""How every connection is made: both ends notice within half a minute that the other has vanished without a word,
so that no query waits for ever and no lock outlives its holder's host. Milliseconds for `tcp_user_timeout`."""

log = structlog.get_logger()


def open_pool(database_url: str, *, size: int, name: str) -> Pool:
    """A pool of up to `size` autocommit connections, opened as they are needed; `name` shows in pg_stat_activity."""
    return ConnectionPool(
        database_url,
        kwargs={**ALERT, "application_name": f"reelmill {name}"},
        min_size=0,
        max_size=size,
        timeout=PATIENCE_S,
        reconnect_timeout=PATIENCE_S,
        open=True,
        name=name,
    )


def persist(call: Callable[P, T]) -> Callable[P, T]:
    """Repeat a ledger call while the database is away, up to `PATIENCE_S`; the call must bear repetition."""

    @wraps(call)
    def persistent(*args: P.args, **kwargs: P.kwargs) -> T:
        give_up_at = time.monotonic() + PATIENCE_S
        while True:
            try:
                return call(*args, **kwargs)
            except (OperationalError, PoolTimeout) as error:
                if time.monotonic() >= give_up_at:
                    raise
                log.warning("ledger away", call=call.__name__, error=str(error).strip())
                time.sleep(PAUSE_S)

    return persistent
