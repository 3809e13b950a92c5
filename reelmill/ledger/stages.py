"""The stages in their present versions, as the ledger's statements take them."""

from __future__ import annotations

from typing import Any

from reelmill.video import STAGE_VERSION, STATES, Stage


def present_stages() -> dict[str, Any]:
    """The parameters `stages` and `versions`, in order, and `states`, the one before each stage and the last."""
    return {
        "stages": list(Stage),
        "versions": [STAGE_VERSION[stage] for stage in Stage],
        "states": list(STATES),
    }
