"""A library in a clean database."""

import pytest

from reelmill.ledger.pool import Pool
from tests.reelmill.index.library import Library


@pytest.fixture
def library(pool: Pool) -> Library:
    return Library(pool)
