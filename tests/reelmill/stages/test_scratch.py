"""An attempt's folder is its own, and those of attempts that died go."""

from __future__ import annotations

import os
import signal
from dataclasses import replace
from pathlib import Path
from uuid import uuid4

import pytest

from reelmill.ledger.lease import Lease
from reelmill.stages.scratch import scratch
from reelmill.video import Stage

LEASE = Lease(uuid4(), Stage.TRANSCODE, version=1, token=1, attempt=1, tenant="default", source="clip.mp4")


def test_the_folder_is_empty_and_gone_afterwards(tmp_path: Path) -> None:
    with scratch(LEASE, tmp_path) as folder:
        assert list(folder.iterdir()) == []
        (folder / "proxy.mp4").write_bytes(b"proxy")
    assert list(tmp_path.iterdir()) == []


def test_it_is_gone_after_an_error_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), scratch(LEASE, tmp_path):
        raise ValueError("broken")
    assert list(tmp_path.iterdir()) == []


def test_folders_of_the_living_are_left_alone(tmp_path: Path) -> None:
    with scratch(LEASE, tmp_path) as mine, scratch(replace(LEASE, video_id=uuid4()), tmp_path) as another:
        assert [mine.exists(), another.exists()] == [True, True]


def test_the_folder_of_a_process_that_died_is_swept_by_whoever_comes_next(tmp_path: Path) -> None:
    child = os.fork()
    if child == 0:
        held = scratch(LEASE, tmp_path)
        held.__enter__()
        os.kill(os.getpid(), signal.SIGKILL)
    os.waitpid(child, 0)
    assert len(list(tmp_path.iterdir())) == 1
    with scratch(replace(LEASE, video_id=uuid4()), tmp_path) as mine:
        assert list(tmp_path.iterdir()) == [mine]
