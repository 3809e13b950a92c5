"""Where an attempt writes before it is committed."""

from __future__ import annotations

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from reelmill.ledger.lease import Lease


@contextmanager
def scratch(lease: Lease, work_dir: Path) -> Iterator[Path]:
    """An empty folder of this attempt's own, gone afterwards.

    Folders of attempts that died on this host, whosever they were, go first: each living one holds a lock on its
    folder, which the kernel lets go of when the process ends.
    """
    mine = work_dir / f"{lease.video_id}-v{lease.version}-{lease.token}"
    with ExitStack() as until_done:
        with _locked(work_dir):
            _sweep(work_dir)
            mine.mkdir()
            until_done.enter_context(_locked(mine))
        until_done.callback(shutil.rmtree, mine, ignore_errors=True)
        yield mine


def _sweep(work_dir: Path) -> None:
    for folder in work_dir.iterdir():
        try:
            with _locked(folder, wait=False):
                shutil.rmtree(folder, ignore_errors=True)
        except (BlockingIOError, FileNotFoundError, NotADirectoryError):
            continue  # Somebody works there, or has just ended.


@contextmanager
def _locked(folder: Path, *, wait: bool = True) -> Iterator[None]:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        yield
    finally:
        os.close(descriptor)
