"""What is checked before a mill says that it runs, and what it clears away first."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelmill.embedded import Servers
from reelmill.errors import Misuse
from reelmill.settings import Settings
from workers.mill import mill


@pytest.fixture
def taken_port() -> Iterator[int]:
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening.getsockname()[1]


@pytest.mark.parametrize("port", ["api_port", "flower_port"])
def test_a_taken_port_is_told_before_anything_starts(tmp_path: Path, taken_port: int, port: str) -> None:
    settings = Settings(data_dir=tmp_path / "data").model_copy(update={port: taken_port})
    with pytest.raises(Misuse, match=f"set REELMILL_{port.upper()}"), mill(settings):
        pass
    assert not settings.data_dir.exists()


@pytest.mark.services
@pytest.mark.parametrize("url", ["redis://127.0.0.1:9/0", "http://127.0.0.1/"], ids=["nobody there", "no broker"])
def test_a_broker_that_cannot_be_used_is_told_before_anything_starts(
    tmp_path: Path, database_url: str, url: str
) -> None:
    settings = Settings(data_dir=tmp_path, database_url=database_url, broker_url=url)
    with pytest.raises(Misuse, match="REELMILL_BROKER_URL"), mill(settings, doors=False):
        pass


@pytest.mark.services
def test_what_killed_attempts_left_half_written_is_cleared_away(
    tmp_path: Path, database_url: str, servers: Servers, monkeypatch: pytest.MonkeyPatch
) -> None:
    leftovers = [tmp_path / "work" / "attempt" / "proxy.mp4", tmp_path / "blobs" / ".incoming" / "half" / "proxy.mp4"]
    kept = tmp_path / "blobs" / "video" / "proxy.mp4"
    for file in [*leftovers, kept]:
        file.parent.mkdir(parents=True)
        file.touch()
    # No children: what is looked at has happened before the first of them starts.
    monkeypatch.setattr("workers.mill._children", lambda *_, **__: [])
    settings = Settings(
        data_dir=tmp_path,
        database_url=database_url,
        broker_url=servers.broker_url,
        toolbox="tests.services.instant:toolbox",
    )
    with mill(settings, doors=False):
        assert [file.exists() for file in leftovers] == [False, False]
        assert kept.exists()
