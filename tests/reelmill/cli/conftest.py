"""Run the `reelmill` command in this process, as a shell would."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import imageio_ffmpeg
import pytest
import structlog

from reelmill.cli import main


@dataclass(frozen=True)
class Ran:
    """How a command ended and what it printed."""

    status: int
    stdout: str
    stderr: str

    @property
    def document(self) -> Any:
        """The one JSON document that is all of stdout."""
        return json.loads(self.stdout)


Reelmill = Callable[..., Ran]


@pytest.fixture
def reelmill(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], tmp_path: Path) -> Iterator[Reelmill]:
    """Runs a command line; the data folder is the test's own."""
    monkeypatch.setenv("REELMILL_DATA_DIR", str(tmp_path / "data"))

    def run(*arguments: str) -> Ran:
        capsys.readouterr()
        status = main(arguments)
        return Ran(status, *capsys.readouterr())

    yield run
    structlog.reset_defaults()


@pytest.fixture
def mill_reelmill(reelmill: Reelmill, monkeypatch: pytest.MonkeyPatch, database_url: str) -> Reelmill:
    """The same, with a database of the test's own."""
    monkeypatch.setenv("REELMILL_DATABASE_URL", database_url)
    return reelmill


@pytest.fixture(scope="session")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three seconds of moving test picture."""
    path = tmp_path_factory.mktemp("clip") / "clip.mp4"
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-loglevel", "error", "-f", "lavfi", "-i"]
    subprocess.run([*command, "testsrc2=size=320x180:rate=10:duration=3", str(path)], check=True)
    return path
