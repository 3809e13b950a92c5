"""One embedded PostgreSQL and Valkey for the whole run, and a clean, migrated database for each test."""

from __future__ import annotations

import os
from collections.abc import Iterator
from uuid import uuid4

import psycopg
import pytest
from hypothesis import HealthCheck, settings
from psycopg.conninfo import conninfo_to_dict

from reelmill.embedded import Embedded, Servers
from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.migrate import migrate
from reelmill.ledger.pool import Pool, open_pool

# What the developer has set must not colour the tests.
for name in [name for name in os.environ if name.startswith("REELMILL_") and name != "REELMILL_MODEL_DIR"]:
    del os.environ[name]

settings.register_profile(
    "nightly",
    max_examples=1000,
    stateful_step_count=100,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
"""For `pytest --hypothesis-profile=nightly`: a long search, at random; the usual run takes other settings."""

LEASE_S = 5.0
RING_WAIT_S = 1.0


@pytest.fixture(scope="session")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Servers]:
    """Embedded servers, shared by all tests; nothing is in them but what a test puts there."""
    embedded = Embedded(tmp_path_factory.mktemp("servers"))
    try:
        yield embedded.start()
    finally:
        embedded.stop()


@pytest.fixture(scope="session")
def template(servers: Servers) -> str:
    """A migrated database that each test's own is copied from, which takes some 50 ms."""
    return _create_database(servers.database_url, "migrated", migrated=True)


@pytest.fixture
def database_url(servers: Servers, template: str) -> Iterator[str]:
    """A migrated database of this test's own."""
    url = _create_database(servers.database_url, f"test_{uuid4().hex}", template=template)
    yield url
    name = conninfo_to_dict(url)["dbname"]
    with psycopg.connect(servers.database_url, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def pool(database_url: str) -> Iterator[Pool]:
    """Connections to the test's database."""
    with open_pool(database_url, size=8, name="test") as pool:
        yield pool


@pytest.fixture
def ledger(pool: Pool) -> Ledger:
    """The ledger of the test's database, with leases short enough to wait for."""
    return open_ledger(pool, lease_s=LEASE_S, ring_wait_s=RING_WAIT_S)


def _create_database(server_url: str, name: str, *, template: str | None = None, migrated: bool = False) -> str:
    with psycopg.connect(server_url, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}" + (f" TEMPLATE {template}" if template else ""))
    url = f"{server_url.rpartition('/')[0]}/{name}"
    if migrated:
        migrate(url)
        return name
    return url
