"""What is known of a file that Reelmill takes out of another project's package."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from reelmill.errors import ModelMissing


class Role(StrEnum):
    """What a file is for."""

    IMAGE = "image"
    OBJECTS = "objects"
    CLIPS = "clips"


REQUIRED = frozenset({Role.IMAGE})
"""Without these no video gets a visual vector; without the others the results are only poorer."""

WITHOUT = {
    Role.IMAGE: "Without these files no frame gets a class and no video a visual vector.",
    Role.OBJECTS: "Without these files the offline describer sees no people, animals or things in a frame.",
    Role.CLIPS: "Without these files the demo has fewer clips of its own to show.",
}


@dataclass(frozen=True)
class Package:
    """A wheel on the package index, pinned to a version."""

    name: str
    version: str

    def __str__(self) -> str:
        return f"{self.name} {self.version}"


@dataclass(frozen=True)
class Asset:
    """One file inside a wheel."""

    name: str
    """Where it is kept, relative to the model folder."""
    role: Role
    package: Package
    member: str
    """Its path inside the wheel."""
    sha256: str
    """Of the whole unpacked file, hex."""
    size_bytes: int
    licence: str
    """The file's licence, and where that is known from."""

    def path(self, model_dir: Path) -> Path:
        """Where the file is kept in this model folder."""
        return model_dir / self.name

    def present(self, model_dir: Path) -> bool:
        """Whether a file of the right size is there; its bytes were checked when it was put there."""
        path = self.path(model_dir)
        return path.is_file() and path.stat().st_size == self.size_bytes


def require(asset: Asset, model_dir: Path) -> Path:
    """The asset's path. Raises `ModelMissing` when it is not there."""
    if not asset.present(model_dir):
        raise ModelMissing(
            f"{asset.name} is not in {model_dir}: run `python -m reelmill.models fetch --only {asset.role}`."
        )
    return asset.path(model_dir)
