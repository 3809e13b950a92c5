"""One owner for a data folder, and none after its death."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from reelmill.embedded.failures import AlreadyRunning, ServerUnavailable
from reelmill.embedded.locks import is_held, lock, try_lock
from reelmill.embedded.ownership import Ownership, is_owned

ROOT = Path(__file__).parents[3]

HOLDER = """
import sys
from pathlib import Path
from reelmill.embedded.ownership import Ownership
ownership = Ownership(Path(sys.argv[1]))
ownership.take()
print("taken", flush=True)
sys.stdin.readline()
"""


def test_only_one_may_own_a_folder(tmp_path: Path) -> None:
    first, second = Ownership(tmp_path), Ownership(tmp_path)
    first.take()
    with pytest.raises(AlreadyRunning, match=f"Process {os.getpid()} already runs"):
        second.take()
    first.release()
    second.take()
    second.release()


def test_an_owner_killed_outright_owns_nothing(tmp_path: Path) -> None:
    command = [sys.executable, "-c", HOLDER, str(tmp_path)]
    with subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as holder:
        assert holder.stdout is not None
        holder.stdout.readline()
        assert is_owned(tmp_path)
        holder.kill()
    assert not is_owned(tmp_path)


def test_a_program_that_the_owner_starts_does_not_hold_the_folder(tmp_path: Path) -> None:
    ownership = Ownership(tmp_path)
    ownership.take()
    with subprocess.Popen(["sleep", "600"], close_fds=False) as child:
        ownership.release()
        owned = is_owned(tmp_path)
        child.kill()
    assert not owned


def test_a_glance_at_the_lock_does_not_refuse_the_owner(tmp_path: Path) -> None:
    glance = try_lock(tmp_path / "owner.lock", shared=True)
    assert glance is not None
    end_of_glance = threading.Timer(0.1, os.close, [glance])
    end_of_glance.start()
    ownership = Ownership(tmp_path)
    ownership.take()
    end_of_glance.join()
    ownership.release()


def test_shared_holders_keep_out_only_the_one_who_would_be_alone(tmp_path: Path) -> None:
    path = tmp_path / "users.lock"
    holders = [try_lock(path, shared=True), try_lock(path, shared=True)]
    assert None not in holders
    assert try_lock(path) is None
    for holder in holders:
        assert holder is not None
        os.close(holder)
    alone = lock(path)
    assert is_held(path)
    assert try_lock(path, shared=True) is None
    os.close(alone)


def test_a_lock_that_cannot_be_made_names_the_setting(tmp_path: Path) -> None:
    with pytest.raises(ServerUnavailable, match="REELMILL_DATA_DIR"):
        lock(tmp_path / "no such folder" / "owner.lock")
