"""The five packages are this repository's, whatever else is installed."""

from __future__ import annotations

import importlib
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.mark.parametrize("name", ["reelmill", "tasks", "workers", "config", "api"])
def test_a_package_name_resolves_inside_the_repository(name: str) -> None:
    module = importlib.import_module(name)
    assert Path(str(module.__file__)).is_relative_to(ROOT)
