"""Checks of Redis or Valkey."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import RedisError
from redis.retry import Retry

from reelmill.doctor.check import Check

ANSWER_LIMIT_S = 5
OLDEST = (6, 2)
"""The oldest Redis that kombu's maintainers test its transport with."""
START = "Start that server, or correct REELMILL_BROKER_URL."


def checks(url: str) -> Iterator[Check]:
    """Whether it answers, and whether it would keep what it is given."""
    try:
        info = _info(url)
    except ValueError:
        # Its own message may quote the URL, password and all.
        yield Check("broker", False, "REELMILL_BROKER_URL is not a URL like redis://:password@host:6379/0.", START)
        return
    except (RedisError, OSError) as error:
        yield Check("broker", False, f"It cannot be used, so no work is handed out: {error}", START)
        return
    yield _version(info, _place(url))
    yield _eviction(info)
    yield _durability(info)


def _info(url: str) -> dict[str, Any]:
    client = Redis.from_url(
        url, socket_timeout=ANSWER_LIMIT_S, socket_connect_timeout=ANSWER_LIMIT_S, retry=Retry(NoBackoff(), 0)
    )
    try:
        client.ping()
        return dict(client.info())
    finally:
        client.close()


def _place(url: str) -> str:
    parts = urlsplit(url)
    return f"{parts.hostname}:{parts.port}" if parts.port else str(parts.hostname or parts.path)


def _version(info: dict[str, Any], place: str) -> Check:
    version = str(info["redis_version"])
    name = f"Valkey {info['valkey_version']}" if "valkey_version" in info else f"Redis {version}"
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST:
        return Check("broker", False, f"{name} at {place}; Reelmill needs 6.2 or newer.", "Upgrade it.")
    return Check("broker", True, f"{name} at {place}")


def _eviction(info: dict[str, Any]) -> Check:
    policy = info.get("maxmemory_policy", "unknown")
    good = policy in ("noeviction", "unknown")
    fix = None if good else "Set it: CONFIG SET maxmemory-policy noeviction, and in the server's configuration."
    why = "" if good else ": when its memory is full it throws messages away"
    return Check("broker eviction", good, f"maxmemory-policy is {policy}{why}", fix)


def _durability(info: dict[str, Any]) -> Check:
    """Advice only: the ledger has everything, and lost messages are sent again."""
    if info.get("aof_enabled"):
        return Check("broker durability", True, "append-only file on")
    detail = "append-only file off: after a crash its messages are lost, and sent again some seconds later"
    return Check("broker durability", True, detail, "To avoid that wait: CONFIG SET appendonly yes.")
