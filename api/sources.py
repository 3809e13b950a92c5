"""Which files may be named over HTTP: regular files in the folders that the operator has opened, and no others."""

from __future__ import annotations

import os
from collections.abc import Iterable
from pathlib import Path

from fastapi import HTTPException

from reelmill.errors import Misuse, SourceMissing
from reelmill.media.source import local_path
from reelmill.uploads import Upload, local_upload

NOT_OPEN = "The source is not a file in one of the folders that REELMILL_SOURCE_ROOTS opens to HTTP callers."
"""One sentence for all refusals: whoever asks must not learn which files exist elsewhere."""


def upload_of(source: str, roots: Iterable[Path]) -> Upload:
    """Name the file that an HTTP caller means, by its real path, so that no link leads out of the roots later.

    Raises 422 for anything but a local file and 403 for one outside the roots.
    """
    try:
        named = local_path(source)
    except SourceMissing:
        raise HTTPException(422, "Only local files are supported in this version.") from None
    try:
        real = Path(os.path.realpath(named))
    except (OSError, ValueError):  # A path that cannot be one, for instance with %00 in its URI.
        raise HTTPException(403, NOT_OPEN) from None
    if not any(real.is_relative_to(root.resolve()) for root in roots):
        raise HTTPException(403, NOT_OPEN)
    try:
        return local_upload(real)
    except Misuse:
        raise HTTPException(403, NOT_OPEN) from None
