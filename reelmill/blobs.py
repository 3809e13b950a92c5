"""Proxies and posters in a folder of this machine, or of a file system that all workers share."""

from __future__ import annotations

import errno
import os
import re
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import UUID

from reelmill.errors import DiskFull, Misuse, SourceMissing

KEY = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(/[A-Za-z0-9][A-Za-z0-9._-]*)*")
"""No part begins with a dot, so a key names nothing above the root and nothing that is still incoming."""

INCOMING = ".incoming"
"""Folder of what is being written, in the same file system as what it will become."""


class LocalBlobs:
    """A blob store under one folder, which is made when it is missing."""

    def __init__(self, root: Path) -> None:
        self._root = root.absolute()

    def put_folder(self, key: str, folder: Path) -> None:
        """Make the folder's files appear under `key/`, all at once or not at all, and last through a crash.

        Raises `Misuse` when there is something under that key, and `DiskFull`.
        """
        target = self._path(key)
        incoming = self._incoming(key)
        try:
            _copy(folder, incoming)
            _publish(incoming, target)
        except OSError as error:
            raise _named(error, key) from error
        finally:
            shutil.rmtree(incoming, ignore_errors=True)

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """The object's own path. Raises `SourceMissing` when there is no such object."""
        path = self._path(key)
        if not path.is_file():
            raise SourceMissing(f"The blob store has no {key}.")
        yield path

    def folders(self, video_id: UUID) -> list[str]:
        """The keys of the video's folders."""
        return sorted(f"{video_id}/{path.name}" for path in (self._root / str(video_id)).glob("[!.]*"))

    def remove(self, key: str) -> None:
        """Remove the folder `key/`, if there is one, and what a writer that died has left of it."""
        shutil.rmtree(self._path(key), ignore_errors=True)
        shutil.rmtree(self._incoming(key), ignore_errors=True)

    def _incoming(self, key: str) -> Path:
        return self._root / INCOMING / key.replace("/", "+")

    def _path(self, key: str) -> Path:
        if not KEY.fullmatch(key):
            raise Misuse(f"Not a key of the blob store: {key!r}")
        return self._root / key


def _copy(folder: Path, incoming: Path) -> None:
    """Copy the folder's files and see them safely on the disk."""
    incoming.mkdir(parents=True)
    for file in folder.iterdir():
        with file.open("rb") as source, (incoming / file.name).open("xb") as copy:
            shutil.copyfileobj(source, copy)
            copy.flush()
            os.fsync(copy.fileno())
    _sync_folder(incoming)


def _publish(incoming: Path, target: Path) -> None:
    """Give the folder its name: the one step in which everything appears."""
    target.parent.mkdir(parents=True, exist_ok=True)
    incoming.rename(target)
    _sync_folder(target.parent)


def _sync_folder(folder: Path) -> None:
    """Write a folder's entries to the disk: syncing a file does not."""
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _named(error: OSError, key: str) -> Exception:
    """What an error of the file system means for the caller."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return DiskFull(f"No space is left for {key} in the blob store.")
    if error.errno in (errno.ENOTEMPTY, errno.EEXIST, errno.ENOTDIR):
        return Misuse(f"The blob store has {key} already.")
    return error
