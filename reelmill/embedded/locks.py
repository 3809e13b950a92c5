"""Locks on files that end with their holder: a process killed outright leaves none behind.

`flock` belongs to the open file, so the holder's own children must not inherit it. Python opens files so that
no program it starts does, but a bare `os.fork` in the holder would keep the lock held after it.
"""

from __future__ import annotations

import fcntl
import os
from pathlib import Path

from reelmill.embedded.failures import ServerUnavailable


def try_lock(path: Path, *, shared: bool = False) -> int | None:
    """Lock the file, which is made if missing, and give its descriptor; None if others hold it.

    Closing the descriptor releases the lock.
    """
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(descriptor)
        return None
    return descriptor


def lock(path: Path) -> int:
    """Lock the file exclusively, waiting for as long as it takes; gives its descriptor."""
    descriptor = _open(path)
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


def is_held(path: Path) -> bool:
    """Whether some process holds the lock exclusively."""
    if not path.exists():
        return False
    descriptor = try_lock(path, shared=True)
    if descriptor is None:
        return True
    os.close(descriptor)
    return False


def _open(path: Path) -> int:
    try:
        return os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise ServerUnavailable(
            f"{path} cannot be opened ({error.strerror}): set REELMILL_DATA_DIR to a folder of your own."
        ) from error
