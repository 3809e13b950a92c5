"""The whole mill on this host: servers, schema, spaces, processes."""

from __future__ import annotations

import os
import secrets
import shutil
import socket
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from redis import Redis, RedisError

from config.queues import queues
from reelmill.embedded import AlreadyRunning, Embedded, Servers
from reelmill.embedded.locks import try_lock
from reelmill.errors import Misuse
from reelmill.settings import Settings
from workers import boot
from workers.children import Child, api, dispatcher, flower, worker
from workers.supervisor import ROOT, Supervisor

OWNER_PATIENCE_S = 15.0
"""How long a short command that owns the servers is waited for."""
BROKER_PATIENCE_S = 5.0


@dataclass(frozen=True)
class Mill:
    """A mill that runs, and where to reach it."""

    supervisor: Supervisor
    servers: Servers
    api_url: str
    flower_url: str
    flower_password: str
    logs: Path


@contextmanager
def mill(settings: Settings, *, doors: bool = True) -> Iterator[Mill]:
    """Start everything, with or without the HTTP doors; stop it all, children first, when the context ends.

    Raises `Misuse` when a mill runs in this data folder already.
    """
    data_dir = settings.data_dir.absolute()
    if doors:
        _require_free(settings.api_host, settings.api_port, "REELMILL_API_PORT")
        _require_free("127.0.0.1", settings.flower_port, "REELMILL_FLOWER_PORT")
    logs = data_dir / "logs"
    logs.mkdir(mode=0o700, parents=True, exist_ok=True)
    with _only_one(data_dir), _servers(settings) as (servers, embedded):
        _sweep(data_dir)
        _require_broker(servers.broker_url)
        boot.prepare(settings, servers.database_url)
        password = settings.flower_password or secrets.token_urlsafe(12)
        supervisor = Supervisor(
            _children(settings, password, doors=doors),
            environment=environment(settings, servers),
            logs=logs,
            embedded=embedded,
        )
        try:
            supervisor.start()
            yield Mill(
                supervisor,
                servers,
                f"http://{settings.api_host}:{settings.api_port}",
                f"http://127.0.0.1:{settings.flower_port}",
                password,
                logs,
            )
        finally:
            supervisor.stop()


def environment(settings: Settings, servers: Servers) -> dict[str, str]:
    """What every child is told: our own environment, and where the servers and the application are."""
    return {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "REELMILL_DATABASE_URL": servers.database_url,
        "REELMILL_BROKER_URL": servers.broker_url,
        "REELMILL_DATA_DIR": str(settings.data_dir.absolute()),
    }


def _children(settings: Settings, flower_password: str, *, doors: bool) -> list[Child]:
    mill_children = [dispatcher(), *map(worker, queues(settings, cores=os.cpu_count() or 1))]
    return mill_children + ([api(settings), flower(settings, flower_password)] if doors else [])


@contextmanager
def _servers(settings: Settings) -> Iterator[tuple[Servers, Embedded | None]]:
    missing = {"postgres": not settings.database_url, "valkey": not settings.broker_url}
    if not any(missing.values()):
        yield Servers(str(settings.database_url), str(settings.broker_url)), None
        return
    embedded = Embedded(settings.data_dir, **missing)
    started = _start(embedded)
    try:
        yield (
            Servers(settings.database_url or started.database_url, settings.broker_url or started.broker_url),
            embedded,
        )
    finally:
        embedded.stop()


def _start(embedded: Embedded) -> Servers:
    """Start the servers; a `reelmill` command that owns them just now is waited for, within reason."""
    give_up_at = time.monotonic() + OWNER_PATIENCE_S
    while True:
        try:
            return embedded.start()
        except AlreadyRunning:
            if time.monotonic() > give_up_at:
                raise
            time.sleep(0.2)


@contextmanager
def _only_one(data_dir: Path) -> Iterator[None]:
    """Hold the folder's `mill.pid`, which names us while we hold its lock."""
    descriptor = try_lock(data_dir / "mill.pid")
    if descriptor is None:
        raise Misuse(f"A mill runs in {data_dir} already; `make down` stops it.")
    try:
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        yield
    finally:
        os.ftruncate(descriptor, 0)
        os.close(descriptor)


def _require_free(host: str, port: int, setting: str) -> None:
    """Find out before anything is announced whether a door can open. Raises `Misuse` naming the setting."""
    with socket.socket() as trial:
        trial.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            trial.bind((host, port))
        except OSError as error:
            raise Misuse(f"{host}:{port} cannot be listened on ({error.strerror}); set {setting}.") from error


def _require_broker(url: str) -> None:
    """Raises `Misuse` when there is no Redis or Valkey at the URL: no work could be handed out."""
    try:
        with Redis.from_url(url, socket_connect_timeout=BROKER_PATIENCE_S, socket_timeout=BROKER_PATIENCE_S) as broker:
            broker.ping()
    except (ValueError, RedisError) as error:
        raise Misuse(f"The broker of REELMILL_BROKER_URL cannot be used: {error}") from error


def _sweep(data_dir: Path) -> None:
    """Remove what attempts that were killed have left half written; nobody works here yet."""
    for leftover in (data_dir / "work", data_dir / "blobs" / ".incoming"):
        shutil.rmtree(leftover, ignore_errors=True)
