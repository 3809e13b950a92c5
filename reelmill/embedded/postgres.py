"""PostgreSQL 18 with pgvector as the ledger: durable, UTF-8, UTC, open to its password alone."""

from __future__ import annotations

import shutil
import signal
import subprocess
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg
from psycopg.pq import PGconn, Ping

from reelmill.embedded.endpoints import HOST, Endpoint
from reelmill.embedded.failures import ServerFailed
from reelmill.embedded.private_files import write_private
from reelmill.embedded.spawn import SERVER_ENVIRONMENT, server_command
from reelmill.embedded.wheels import postgres_binary

_NAME = "reelmill"
"""The user and the database."""

_SETTINGS = {
    "listen_addresses": HOST,
    # A socket's path may be too long for the kernel, and another data folder may use the same port number.
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "128MB",
    "fsync": "on",
    # After a crash every file is synced before recovery: one call, in place of opening 1,300 files.
    "recovery_init_sync_method": "syncfs",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Checkpoints are written every five minutes; nobody trims this log.
    "log_checkpoints": "off",
}

_CREATE_LIMIT_S = 120
"""It takes a second; a slow disk under load may take many."""


class Postgres:
    """A PostgreSQL that listens on loopback, with user and database `reelmill`."""

    name = "postgres"
    title = "PostgreSQL"
    process_name = "postgres"
    stop_signal = signal.SIGINT
    """The fast shutdown: open transactions are rolled back, then a checkpoint is written."""

    def prepare(self, folder: Path, endpoint: Endpoint) -> list[str]:
        """Create the cluster if there is none, and forget the process id of a dead server.

        PostgreSQL takes any live process of that id for another server, and would refuse to start.
        """
        if not folder.exists():
            _create_cluster(folder, endpoint.password)
        (folder / "postmaster.pid").unlink(missing_ok=True)
        # Settings go on the command line, so that a newer Reelmill's hold for an older cluster too.
        settings = _SETTINGS | {"port": str(endpoint.port)}
        options = [part for key, value in settings.items() for part in ("-c", f"{key}={value}")]
        return [str(postgres_binary("postgres")), "-D", ".", *options]

    def url(self, endpoint: Endpoint) -> str:
        """Give `postgresql://reelmill:PASSWORD@HOST:PORT/reelmill`."""
        return f"postgresql://{_NAME}:{endpoint.password}@{HOST}:{endpoint.port}/{_NAME}"

    def answers(self, endpoint: Endpoint) -> bool:
        """Run a query. Not ready, it refuses connections; ready, it must accept ours."""
        address = f"host={HOST} port={endpoint.port} user={_NAME} dbname={_NAME} connect_timeout=2"
        if PGconn.ping(address.encode()) != Ping.OK:
            return False
        try:
            with psycopg.connect(self.url(endpoint), connect_timeout=2) as connection:
                connection.execute("SELECT 1")
        except psycopg.errors.ConnectionTimeout:
            # The machine is busy.
            return False
        except psycopg.OperationalError as error:
            raise ServerFailed(
                f"The PostgreSQL on port {endpoint.port} refuses us; if servers.json was changed, restore it.",
                evidence=str(error),
            ) from error
        return True


def _create_cluster(folder: Path, password: str) -> None:
    """Make the cluster beside its place and move it there whole: half of one is never taken for a cluster."""
    for abandoned in folder.parent.glob("initdb.*"):
        shutil.rmtree(abandoned, ignore_errors=True)
    with TemporaryDirectory(prefix="initdb.", dir=folder.parent) as scratch:
        cluster, password_file = Path(scratch) / "cluster", Path(scratch) / "password"
        write_private(password_file, password)
        _run_initdb(cluster, password_file)
        _create_database(cluster)
        cluster.replace(folder)


def _run_initdb(cluster: Path, password_file: Path) -> None:
    _run(
        [
            str(postgres_binary("initdb")),
            f"--pgdata={cluster}",
            f"--username={_NAME}",
            f"--pwfile={password_file}",
            "--auth=scram-sha-256",
            "--encoding=UTF8",
            # PostgreSQL's own C.UTF-8 sorts alike on every machine, whatever locales that has installed.
            "--locale-provider=builtin",
            "--builtin-locale=C.UTF-8",
            "--locale=C",
        ]
    )


def _create_database(cluster: Path) -> None:
    """Create the database before the cluster is in use, in PostgreSQL's single-user mode."""
    single_user = [str(postgres_binary("postgres")), "--single", "-D", str(cluster), "postgres"]
    _run(single_user, f"CREATE DATABASE {_NAME}")


def _run(command: list[str], text: str = "") -> None:
    try:
        subprocess.run(
            server_command(command, signal.SIGTERM),
            input=text,
            env=SERVER_ENVIRONMENT,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            errors="replace",
            timeout=_CREATE_LIMIT_S,
            check=True,
        )
    except (subprocess.CalledProcessError, subprocess.TimeoutExpired) as error:
        raise ServerFailed("PostgreSQL could not create its cluster.", evidence=str(error.stdout or "")) from error
