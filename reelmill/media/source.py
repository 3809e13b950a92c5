"""A source as an open descriptor: after this step its name means nothing any more."""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from urllib.parse import unquote, urlsplit

from reelmill.errors import MediaLimit, SourceMissing, UnreadableMedia
from reelmill.media.limits import MediaLimits, setting_name
from reelmill.ports import Beat

READ_BYTES = 4 * 2**20
"""Bytes hashed between two beats: about ten milliseconds of work."""

FINAL_ERRNOS = frozenset(
    {
        errno.ENOENT,
        errno.ENOTDIR,
        errno.EACCES,
        errno.EPERM,
        errno.ELOOP,
        errno.ENAMETOOLONG,
        errno.ENXIO,
        errno.ENODEV,
    }
)
"""What opening a file answers when trying again will not help; the rest (EIO, EMFILE) may pass."""


@dataclass(frozen=True)
class OpenSource:
    """A regular file, open for reading only."""

    descriptor: int
    size_bytes: int


@contextmanager
def open_source(source: str, limits: MediaLimits) -> Iterator[OpenSource]:
    """Open a local file given by its absolute path or `file://` URI.

    Raises `SourceMissing` when there is no such file or it is not a regular one, `UnreadableMedia` when it is
    empty and `MediaLimit` when it is too large.
    """
    descriptor = _open(local_path(source))
    try:
        yield OpenSource(descriptor, _checked_size(descriptor, source, limits))
    finally:
        os.close(descriptor)


def local_path(source: str) -> str:
    """The path that a source names. Raises `SourceMissing` for anything but a local file."""
    if source.startswith("/"):
        return source
    uri = urlsplit(source)
    if uri.scheme != "file" or uri.netloc not in ("", "localhost") or not uri.path.startswith("/"):
        raise SourceMissing(f"Only local files (an absolute path or file:// URI) are read for now: {source}")
    return unquote(uri.path)


def sha256(source: OpenSource, beat: Beat) -> str:
    """The sha256 of the file's bytes as hex, calling `beat` as it goes."""
    digest = hashlib.sha256()
    buffer = memoryview(bytearray(READ_BYTES))
    offset = 0
    while count := os.preadv(source.descriptor, [buffer], offset):
        digest.update(buffer[:count])
        offset += count
        beat()
    return digest.hexdigest()


def _open(path: str) -> int:
    """Open without waiting (a FIFO would block) and without becoming a terminal's owner."""
    try:
        return os.open(path, os.O_RDONLY | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOCTTY)
    except ValueError as error:  # A path with a NUL in it.
        raise SourceMissing(f"Not a file's path: {path!r}") from error
    except OSError as error:
        if error.errno not in FINAL_ERRNOS:
            raise
        raise SourceMissing(f"The file cannot be read ({error.strerror}): {path}") from error


def _checked_size(descriptor: int, source: str, limits: MediaLimits) -> int:
    """The file's size in bytes, once it is known to be a regular file of a size that is taken."""
    status = os.fstat(descriptor)
    if not stat.S_ISREG(status.st_mode):
        raise SourceMissing(f"Not a regular file: {source}")
    if status.st_size == 0:
        raise UnreadableMedia("The file is empty.")
    if status.st_size > limits.max_upload_bytes:
        raise MediaLimit(
            f"The file has {status.st_size} bytes; the limit {setting_name('max_upload_bytes')} "
            f"is {limits.max_upload_bytes}."
        )
    return status.st_size
