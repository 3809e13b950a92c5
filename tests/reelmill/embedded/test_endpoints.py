"""Ports and passwords: chosen once, kept while they can be, told to nobody else."""

from __future__ import annotations

import socket
import stat
from pathlib import Path

import pytest

from reelmill.embedded.endpoints import HOST, Endpoint, Endpoints, assign, load, save
from reelmill.embedded.failures import ServerFailed

NAMES = ["postgres", "valkey"]


def test_each_server_gets_a_port_and_a_password_of_its_own() -> None:
    first, second = assign({}, NAMES).values()
    assert first.port != second.port
    assert first.password != second.password
    assert min(len(first.password), len(second.password)) >= 32


def test_a_port_lies_below_those_the_kernel_gives_to_clients() -> None:
    lowest = int(Path("/proc/sys/net/ipv4/ip_local_port_range").read_text().split()[0])
    if lowest < 12_000:
        pytest.skip("this machine gives nearly all ports to clients")
    assert all(endpoint.port < lowest for endpoint in assign({}, NAMES).values())


def test_an_endpoint_is_kept_while_its_port_is_free() -> None:
    known = assign({}, NAMES)
    assert assign(known, NAMES) == known


def test_a_taken_port_is_replaced_and_the_password_kept() -> None:
    known = assign({}, NAMES)
    with socket.create_server((HOST, known["valkey"].port)):
        moved = assign(known, NAMES)
    assert moved["postgres"] == known["postgres"]
    assert moved["valkey"].port != known["valkey"].port
    assert moved["valkey"].password == known["valkey"].password


def test_a_server_that_is_not_wanted_now_keeps_its_endpoint() -> None:
    known = assign({}, ["postgres"])
    assert assign(known, ["valkey"])["postgres"] == known["postgres"]


def test_what_is_saved_is_read_back_and_closed_to_others(tmp_path: Path) -> None:
    assert load(tmp_path) == Endpoints()
    for port in (1, 2):
        endpoints = Endpoints(known={"valkey": Endpoint(port=port, password="secret")}, active=("valkey",))
        save(tmp_path, endpoints)
        assert load(tmp_path) == endpoints
    assert [path.name for path in tmp_path.iterdir()] == ["servers.json"]
    assert stat.S_IMODE((tmp_path / "servers.json").stat().st_mode) == 0o600


def test_a_damaged_file_is_reported_without_the_passwords_in_it(tmp_path: Path) -> None:
    (tmp_path / "servers.json").write_text('{"known": {"valkey": {"port": "secret", "password": "secret"}}}')
    with pytest.raises(ServerFailed, match="is damaged") as failure:
        load(tmp_path)
    assert "port" in failure.value.evidence
    assert "secret" not in failure.value.evidence
