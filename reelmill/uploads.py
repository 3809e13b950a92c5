"""How an upload is named in the ledger: its source and its version."""

from __future__ import annotations

import os
import stat
from pathlib import Path
from typing import NamedTuple

from reelmill.errors import Misuse

MAX_TENANT_CHARS = 100
MAX_SOURCE_CHARS = 2000
MAX_VERSION_CHARS = 200
"""The longest that the ledger's table takes (the CHECKs of `ledger/sql/0001_ledger.sql`), characters."""


class Upload(NamedTuple):
    """What, with its tenant, makes an upload one and the same: another version is another video."""

    source: str
    """A URI, or for a local file its absolute path."""
    version: str
    """Changes when the bytes do: for a local file its size in bytes and its time of change in nanoseconds."""


def local_upload(path: Path) -> Upload:
    """Name a local file. Raises `Misuse` when it is not a regular file or its name cannot be stored."""
    source = os.path.abspath(path)  # noqa: PTH100 (Path.absolute keeps "..", Path.resolve loses the name given)
    _require_storable(source)
    try:
        status = path.stat()
    except OSError as error:
        raise Misuse(f"The file cannot be read ({error.strerror}): {source}") from error
    if not stat.S_ISREG(status.st_mode):
        raise Misuse(f"Not a regular file: {source}")
    return Upload(source, f"{status.st_size}-{status.st_mtime_ns}")


def is_text(value: str) -> bool:
    """Whether PostgreSQL can store this as text: no NUL, no lone surrogate (a byte of a name not in UTF-8)."""
    return "\0" not in value and not any("\ud800" <= character <= "\udfff" for character in value)


def _require_storable(source: str) -> None:
    if not is_text(source):
        raise Misuse(f"The file's path is not UTF-8 text; rename it: {source!r}")
    if len(source) > MAX_SOURCE_CHARS:
        raise Misuse(f"The file's path is longer than {MAX_SOURCE_CHARS} characters: {source[:100]}...")
