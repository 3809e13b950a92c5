"""From what was typed to the uploads that are meant: files, folders with all below them, file:// URLs."""

from __future__ import annotations

import os
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from reelmill.cli.failures import CommandLineError
from reelmill.errors import Misuse, SourceMissing
from reelmill.media.source import local_path
from reelmill.uploads import MAX_TENANT_CHARS, Upload, is_text, local_upload

_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


class Named(NamedTuple):
    """What the command line named."""

    uploads: list[Upload]
    refused: list[tuple[Path, Misuse]]
    """Files in a folder that the ledger cannot know by their name; they do not stop the others."""


def uploads(arguments: Sequence[str]) -> Named:
    """Every upload once, in the order named; a folder's files by name.

    Raises `CommandLineError` for anything named itself that is not a readable file or folder.
    """
    found: dict[Upload, None] = {}
    refused: list[tuple[Path, Misuse]] = []
    for argument in arguments:
        named = local(argument)
        for path in _files(named):
            try:
                found[local_upload(path)] = None
            except Misuse as error:
                if path == named:
                    raise CommandLineError(str(error)) from error
                refused.append((path, error))
    return Named(list(found), refused)


def local(argument: str) -> Path:
    """The path that an argument names. Raises `CommandLineError` for a URL of another machine's file."""
    if not _URL.match(argument):
        return Path(argument)
    try:
        return Path(local_path(argument))
    except SourceMissing:
        raise CommandLineError(
            f"Only local files (paths, file:// URLs) can be read in this version: {argument}"
        ) from None


def local_file(argument: str) -> Path:
    """The absolute path of a file that is named. Raises `CommandLineError` when there is none."""
    path = local(argument).absolute()
    if not path.exists():
        raise CommandLineError(f"There is no file {path}.")
    return path


def checked_tenant(tenant: str) -> str:
    """The tenant. Raises `CommandLineError` when the ledger could not store it."""
    if not (1 <= len(tenant) <= MAX_TENANT_CHARS and is_text(tenant)):
        raise CommandLineError(f"A tenant's name has 1 to {MAX_TENANT_CHARS} characters.")
    return tenant


def _files(path: Path) -> Iterator[Path]:
    """The file itself, or the folder's files."""
    if not path.exists():
        raise CommandLineError(f"There is no file or folder {path}.")
    if path.is_dir():
        yield from _below(path)
    else:
        yield path


def _below(folder: Path) -> Iterator[Path]:
    """Regular files in the folder and below, by name; hidden ones and linked folders are passed over."""
    for parent, folders, names in os.walk(folder, onerror=_refuse):
        # Pruned and ordered in place: os.walk goes on with what is left.
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        found = (Path(parent, name) for name in sorted(names) if not name.startswith("."))
        yield from (path for path in found if path.is_file())


def _refuse(error: OSError) -> None:
    raise CommandLineError(f"The folder {error.filename} cannot be read: {error.strerror}.") from error
