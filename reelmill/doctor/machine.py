"""Checks of Python, the data folder and its disk."""

from __future__ import annotations

import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

from reelmill.doctor.check import Check
from reelmill.settings import Settings

OLDEST_PYTHON = (3, 11)
MIN_FREE_BYTES = 2 * 2**30
"""PostgreSQL's write-ahead log alone may take 1 GiB (its default `max_wal_size`)."""


def checks(settings: Settings) -> Iterator[Check]:
    """Python and the data folder."""
    yield _python()
    yield from _data_folder(settings.data_dir.absolute())


def _python() -> Check:
    detail = f"{platform.python_implementation()} {platform.python_version()} on {platform.system()}"
    good = sys.version_info >= OLDEST_PYTHON and platform.system() == "Linux"
    return Check("python", good, detail, None if good else "Reelmill runs on Linux with Python 3.11 or newer.")


def _data_folder(folder: Path) -> Iterator[Check]:
    there = _nearest_existing(folder)
    if not _takes_files(there):
        yield Check(
            "data folder", False, f"{there} cannot be written to.", "Set REELMILL_DATA_DIR to a folder of yours."
        )
        return
    yield Check("data folder", True, f"{folder}{'' if there == folder else ' (made at the first start)'}")
    free_bytes = shutil.disk_usage(there).free
    enough = free_bytes >= MIN_FREE_BYTES
    fix = None if enough else "Free some space, or set REELMILL_DATA_DIR to a folder on another disk."
    yield Check("disk", enough, f"{free_bytes / 2**30:.1f} GiB free for {folder}", fix)


def _nearest_existing(folder: Path) -> Path:
    return next(path for path in (folder, *folder.parents) if path.exists())


def _takes_files(folder: Path) -> bool:
    """Tried with a file that has no name; permissions alone do not tell of a read-only file system."""
    try:
        tempfile.TemporaryFile(dir=folder).close()
    except OSError:
        return False
    return True
