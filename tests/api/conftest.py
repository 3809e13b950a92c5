"""The HTTP door on a real socket, in a thread of the test's process."""

from __future__ import annotations

import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import httpx
import pytest
import uvicorn

from api.app import create_app


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The one folder whose files may be named over HTTP."""
    root = tmp_path / "uploads"
    root.mkdir()
    monkeypatch.setenv("REELMILL_SOURCE_ROOTS", f'["{root}"]')
    return root


@pytest.fixture
def open_door(monkeypatch: pytest.MonkeyPatch, root: Path) -> Iterator[Callable[[str], httpx.Client]]:
    """Open a door on the ledger at a URL."""
    with ExitStack() as doors:

        def open_door(database_url: str) -> httpx.Client:
            monkeypatch.setenv("REELMILL_DATABASE_URL", database_url)
            return doors.enter_context(_served())

        yield open_door


@pytest.fixture
def door(open_door: Callable[[str], httpx.Client], database_url: str) -> httpx.Client:
    """A door on the test's own ledger."""
    return open_door(database_url)


@pytest.fixture
def lone_door(open_door: Callable[[str], httpx.Client], unused_url: str) -> httpx.Client:
    """A door whose database is away."""
    return open_door(unused_url)


@pytest.fixture
def unused_url() -> Iterator[str]:
    """A database URL whose port nobody listens on, and nobody else can take."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        yield f"postgresql://nobody@127.0.0.1:{taken.getsockname()[1]}/none"


@contextmanager
def _served() -> Iterator[httpx.Client]:
    # The socket listens before the server runs, so a client's first request waits for it by itself.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        server = uvicorn.Server(uvicorn.Config(create_app(), log_config=None))
        thread = threading.Thread(target=server.run, kwargs={"sockets": [listener]})
        thread.start()
        try:
            with httpx.Client(base_url=f"http://127.0.0.1:{listener.getsockname()[1]}", timeout=15) as client:
                yield client
        finally:
            server.should_exit = True
            thread.join()
