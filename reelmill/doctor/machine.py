"""Checks of Python, the data folder and its disk."""

from __future__ import annotations

import platform
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reelmill.disk import free_bytes, nearest_existing
from reelmill.doctor.check import Check
from reelmill.settings import Settings

OLDEST_PYTHON = (3, 11)


def checks(settings: Settings) -> Iterator[Check]:
    """Python and the data folder."""
    yield _python()
    folder = settings.data_dir.absolute()
    found = _data_folder(folder)
    yield found
    if found.ok:
        yield _disk(folder, settings.min_free_bytes)


def _python() -> Check:
    detail = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
    good = sys.version_info >= OLDEST_PYTHON and platform.system() == "Linux"
    return Check("python", good, detail, None if good else "Reelmill runs on Linux with Python 3.11 or newer.")


def _data_folder(folder: Path) -> Check:
    there = nearest_existing(folder)
    if not _takes_files(there):
        return Check(
            "data folder", False, f"{there} cannot be written to.", "Set REELMILL_DATA_DIR to a folder of yours."
        )
    return Check("data folder", True, f"{folder}{'' if there == folder else ' (made at the first start)'}")


def _disk(folder: Path, min_free_bytes: int) -> Check:
    free = free_bytes(folder)
    found = f"{free / 2**30:.1f} GiB free for {folder}"
    if free >= min_free_bytes:
        return Check("disk", True, found)
    detail = f"{found}; no transcode is started below {min_free_bytes} bytes (REELMILL_MIN_FREE_BYTES)."
    return Check("disk", False, detail, "Free some space, or set REELMILL_DATA_DIR to a folder on another disk.")


def _takes_files(folder: Path) -> bool:
    """Tried with a file that has no name; permissions alone do not tell of a read-only file system."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
