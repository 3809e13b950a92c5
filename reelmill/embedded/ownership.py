"""Who owns a data folder: the one process that holds `owner.lock` for its lifetime."""

from __future__ import annotations

import os
import time
from pathlib import Path

from reelmill.embedded.failures import AlreadyRunning
from reelmill.embedded.locks import is_held, try_lock

_GLANCE_S = 0.5
"""A process that only asks whether the folder is owned holds the lock for an instant, shared; an owner-to-be
that meets it tries again for so long before it believes that there is another owner."""


class Ownership:
    """The right to run the servers of a data folder."""

    def __init__(self, data_dir: Path) -> None:
        self._path = data_dir / "owner.lock"
        self._descriptor: int | None = None

    def take(self) -> None:
        """Become the owner. Raises `AlreadyRunning` when another process, or this one, is it."""
        deadline = time.monotonic() + _GLANCE_S
        while (descriptor := try_lock(self._path)) is None:
            if time.monotonic() > deadline:
                raise AlreadyRunning(
                    f"Process {owner_pid(self._path.parent)} already runs the embedded servers of "
                    f"{self._path.parent}; stop it first, or use those it runs."
                )
            time.sleep(0.02)
        os.ftruncate(descriptor, 0)
        os.write(descriptor, str(os.getpid()).encode())
        self._descriptor = descriptor

    def release(self) -> None:
        """Give the folder up, if it is held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None


def is_owned(data_dir: Path) -> bool:
    """Whether a live process owns the data folder."""
    return is_held(data_dir / "owner.lock")


def owner_pid(data_dir: Path) -> str:
    """The owner's process id for a person to read; it is no proof, for ids are used again."""
    return (data_dir / "owner.lock").read_text() or "(unknown)"
