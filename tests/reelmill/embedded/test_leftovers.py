"""What an earlier run left in a folder is ended; whoever else is called the same is not touched."""

from __future__ import annotations

import signal
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelmill.embedded.leftovers import end_leftovers


@pytest.fixture
def cat(tmp_path: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process that works in `tmp_path` until its input ends."""
    process = subprocess.Popen(["cat"], cwd=tmp_path, stdin=subprocess.PIPE, stdout=subprocess.PIPE, bufsize=0)
    with process:
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.write(b"under its own name now")
        process.stdout.read(1)
        yield process
        process.kill()


def test_a_process_that_stays_in_the_folder_is_killed(cat: subprocess.Popen[bytes], tmp_path: Path) -> None:
    end_leftovers("cat", tmp_path, patience_s=0.2)
    assert cat.wait(10) == -signal.SIGKILL


def test_a_process_that_is_ending_is_waited_for(cat: subprocess.Popen[bytes], tmp_path: Path) -> None:
    assert cat.stdin is not None
    threading.Timer(0.2, cat.stdin.close).start()
    end_leftovers("cat", tmp_path, patience_s=30)
    assert cat.poll() == 0


@pytest.mark.parametrize(("name", "folder"), [("cat", "postgres"), ("postgres", ".")])
def test_another_name_or_another_folder_is_left_alone(
    cat: subprocess.Popen[bytes], tmp_path: Path, name: str, folder: str
) -> None:
    (tmp_path / "postgres").mkdir()
    end_leftovers(name, tmp_path / folder, patience_s=0)
    assert cat.poll() is None
