"""Every test of a fleet begins with all of it up, whatever the test before has killed."""

from __future__ import annotations

import pytest


@pytest.fixture(autouse=True)
def everybody_is_up(request: pytest.FixtureRequest) -> None:
    if "mill" in request.fixturenames:
        mill = request.getfixturevalue("mill")
        mill.await_(mill.workers_up, "all workers")
