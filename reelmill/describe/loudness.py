"""Observer: how loud the sound is."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from reelmill.describe.observer import Observation
from reelmill.describe.sample import Sample
from reelmill.video import Evidence

SILENT_DB, QUIET_DB, LOUD_DB = -60.0, -35.0, -14.0
"""Root mean square in decibels of full scale: below the first nothing is heard; music is often above the last."""
FLOOR_DB = -120.0
"""What digital silence is called, whose logarithm would be minus infinity."""


class LoudnessObserver:
    """Measures the whole sound track at once."""

    def observe(self, sample: Sample) -> Observation:
        """Report loudness with its level in decibels of full scale."""
        if not len(sample.sound):
            return Observation((Evidence(kind="loudness", label="no sound track", score=FLOOR_DB),))
        level = level_db(sample.sound)
        return Observation((Evidence(kind="loudness", label=_called(level), score=level),))


def level_db(sound: NDArray[np.float32]) -> float:
    """Root mean square in decibels of full scale, -120 to 0."""
    power = float(np.mean(np.square(sound, dtype=np.float64)))
    return max(FLOOR_DB, 10 * math.log10(power)) if power > 0 else FLOOR_DB


def _called(level: float) -> str:
    if level < SILENT_DB:
        return "silent"
    return "quiet" if level < QUIET_DB else "loud" if level > LOUD_DB else "audible"
