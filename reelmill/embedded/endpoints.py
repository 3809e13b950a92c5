"""Where the servers of a data folder listen, and their passwords: `servers.json`, for its owner's eyes alone."""

from __future__ import annotations

import random
import secrets
import socket
from collections.abc import Container, Mapping, Sequence
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from reelmill.embedded.failures import ServerFailed
from reelmill.embedded.private_files import write_private

HOST = "127.0.0.1"
"""Loopback TCP, because the path of a Unix socket may be too long for the kernel (108 bytes)."""

_PORTS_BELOW_EPHEMERAL = 10_000
_EPHEMERAL_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")


class Endpoint(BaseModel):
    """One server's address on `HOST`, and its password (URL-safe)."""

    model_config = ConfigDict(frozen=True)

    port: int
    password: str


class Endpoints(BaseModel):
    """What `servers.json` holds."""

    model_config = ConfigDict(frozen=True)

    known: dict[str, Endpoint] = {}
    """By the server's name. They outlive the servers, so that clients' URLs hold after a restart."""
    active: tuple[str, ...] = ()
    """The servers that the present owner has started."""


def load(data_dir: Path) -> Endpoints:
    """Read `servers.json`; a missing one is empty. Raises `ServerFailed` when it cannot be understood."""
    try:
        return Endpoints.model_validate_json(_file(data_dir).read_bytes())
    except FileNotFoundError:
        return Endpoints()
    except ValidationError as error:
        raise ServerFailed(
            f"{_file(data_dir)} is damaged; restore it, or move {data_dir} away to start afresh.",
            # Pydantic's own text would quote the input, passwords included.
            evidence=str(error.errors(include_input=False, include_url=False)),
        ) from None


def save(data_dir: Path, endpoints: Endpoints) -> None:
    """Replace `servers.json` in one step, so that a reader never sees half of it."""
    write_private(_file(data_dir), endpoints.model_dump_json(indent=2))


def assign(known: Mapping[str, Endpoint], names: Sequence[str]) -> dict[str, Endpoint]:
    """Give each named server an endpoint whose port is free: its old one where possible, with its password."""
    assigned = dict(known)
    for name in names:
        others = {endpoint.port for other, endpoint in assigned.items() if other != name}
        old = known.get(name) or Endpoint(port=_choose_port(others), password=secrets.token_urlsafe(24))
        assigned[name] = old if _is_free(old.port) else old.model_copy(update={"port": _choose_port(others)})
    return assigned


def _choose_port(excluded: Container[int]) -> int:
    """Pick a free port, outside the ephemeral range where there is room.

    Within it, a client that keeps trying to reach a stopped server may be given the server's own port as its
    source port and connect to itself, which keeps the server from ever getting the port back.
    """
    lowest_ephemeral = int(_EPHEMERAL_RANGE.read_text().split()[0])
    candidates = range(max(1024, lowest_ephemeral - _PORTS_BELOW_EPHEMERAL), lowest_ephemeral)
    for port in random.sample(candidates, min(100, len(candidates))):
        if port not in excluded and _is_free(port):
            return port
    with socket.create_server((HOST, 0)) as listener:
        return int(listener.getsockname()[1])


def _is_free(port: int) -> bool:
    try:
        socket.create_server((HOST, port)).close()
    except OSError:
        return False
    return True


def _file(data_dir: Path) -> Path:
    return data_dir / "servers.json"
