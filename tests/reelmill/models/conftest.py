"""The real model folder, for the tests that need the weights."""

from pathlib import Path

import pytest

from reelmill.models.catalogue import missing
from reelmill.settings import Settings


@pytest.fixture(scope="session")
def model_dir() -> Path:
    folder = Settings().model_dir.expanduser()
    lacking = [asset.name for asset in missing(folder)]
    if lacking:
        pytest.fail(f"{', '.join(lacking)} not in {folder}: run `make setup`, which fetches them.")
    return folder
