"""Small wheels made on the spot, and catalogue entries for what is in them."""

import hashlib
from dataclasses import dataclass, field
from pathlib import Path
from shutil import copy
from zipfile import ZipFile

from reelmill.errors import ReelmillError
from reelmill.models.asset import Asset, Package, Role


def make_wheel(folder: Path, package: Package, members: dict[str, bytes]) -> Path:
    """A wheel that pip takes for one, with these files in it."""
    name = package.name.replace("-", "_")
    about = f"{name}-{package.version}.dist-info"
    wheel = folder / f"{name}-{package.version}-py3-none-any.whl"
    with ZipFile(wheel, "w") as archive:
        for member, data in members.items():
            archive.writestr(member, data)
        archive.writestr(
            f"{about}/METADATA", f"Metadata-Version: 2.1\nName: {package.name}\nVersion: {package.version}\n"
        )
        archive.writestr(f"{about}/WHEEL", "Wheel-Version: 1.0\nRoot-Is-Purelib: true\nTag: py3-none-any\n")
        archive.writestr(f"{about}/RECORD", "")
    return wheel


def asset(package: Package, member: str, data: bytes, *, role: Role = Role.CLIPS) -> Asset:
    """The catalogue entry of a member with these bytes."""
    return Asset(
        Path(member).name, role, package, member, hashlib.sha256(data).hexdigest(), len(data), "CC0 (made here)"
    )


@dataclass
class Index:
    """A package index in a folder: what it lacks cannot be had."""

    wheels: dict[Package, Path]
    asked: list[Package] = field(default_factory=list)

    def download(self, package: Package, folder: Path) -> Path:
        self.asked.append(package)
        if package not in self.wheels:
            raise ReelmillError(f"There is no {package}.", evidence="looked everywhere\nno matching distribution\n")
        return Path(copy(self.wheels[package], folder))
