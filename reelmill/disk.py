"""How much room a folder's disk has."""

from __future__ import annotations

import shutil
from pathlib import Path


def free_bytes(folder: Path) -> int:
    """Bytes that an ordinary user may still write where the folder is, or would be. Raises `OSError`."""
    return shutil.disk_usage(nearest_existing(folder.absolute())).free


def nearest_existing(folder: Path) -> Path:
    """The folder itself, or the closest one above it that is there; `folder` is absolute."""
    return next(path for path in (folder, *folder.parents) if path.exists())
