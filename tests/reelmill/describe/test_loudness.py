import numpy as np
import pytest

from reelmill.describe.loudness import LoudnessObserver, level_db
from tests.reelmill.describe.pictures import plain, sample

TONE = np.sin(2 * np.pi * 440 * np.arange(16_000) / 16_000).astype(np.float32)


@pytest.mark.parametrize(
    ("amplitude", "label"), [(0.0, "silent"), (0.0005, "silent"), (0.01, "quiet"), (0.1, "audible"), (0.9, "loud")]
)
def test_loudness_is_called_by_its_level(amplitude: float, label: str) -> None:
    [item] = LoudnessObserver().observe(sample(plain((0, 0, 0)), amplitude * TONE)).evidence
    assert (item.kind, item.label) == ("loudness", label)


def test_a_full_sine_is_three_decibels_below_full_scale() -> None:
    assert level_db(TONE) == pytest.approx(-3.01, abs=0.01)


def test_no_sound_track_is_not_silence() -> None:
    [item] = LoudnessObserver().observe(sample(plain((0, 0, 0)))).evidence
    assert item.label == "no sound track"
