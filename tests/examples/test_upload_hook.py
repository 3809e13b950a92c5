"""The upload hook, run as a program against the HTTP door run as a program."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import UUID

import pytest

from reelmill.ledger import Ledger

pytestmark = pytest.mark.services

ROOT = Path(__file__).parents[2]


@pytest.fixture
def door(database_url: str, tmp_path: Path) -> Iterator[str]:
    """The URL of a real server process; no worker and no broker run beside it."""
    environment = os.environ | {
        "PYTHONPATH": str(ROOT),
        "REELMILL_DATABASE_URL": database_url,
        "REELMILL_BROKER_URL": "redis://127.0.0.1:1",
        "REELMILL_SOURCE_ROOTS": f'["{tmp_path}"]',
    }
    # The socket listens before the process runs, so the first request waits for it by itself.
    with socket.create_server(("127.0.0.1", 0)) as listener:
        descriptor = listener.fileno()
        command = [sys.executable, "-m", "uvicorn", "--factory", "api.app:create_app", f"--fd={descriptor}"]
        server = subprocess.Popen(command, cwd=ROOT, env=environment, pass_fds=[descriptor])
        try:
            yield f"http://127.0.0.1:{listener.getsockname()[1]}"
        finally:
            server.terminate()
            server.wait(timeout=30)


def test_an_upload_is_in_the_ledger_after_five_lines(door: str, tmp_path: Path, ledger: Ledger) -> None:
    clip = tmp_path / "clip.mp4"
    clip.write_bytes(b"some bytes")
    told = [_hook(str(clip), door) for _ in range(2)]
    assert told[0] == told[1]
    video = ledger.videos.get(UUID(told[0]))
    assert video is not None
    assert (video.source, video.state) == (str(clip), "queued")


def _hook(*arguments: str) -> str:
    command = [sys.executable, "-W", "error", "examples/upload_hook.py", *arguments]
    return subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout.strip()
