"""Observer: how much the picture changes from frame to frame, and how often it changes wholly."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from reelmill.describe.observer import Observation
from reelmill.describe.sample import Frames, Sample
from reelmill.video import Evidence

GRID = 16
"""Cells each way over which brightness is averaged, so that noise and tremor cancel out."""
STILL, LIVELY = 3.0, 14.0
"""Mean change of a cell, of 255, below which a picture stands still, and above which much moves."""
CUT = 40.0
"""Mean change of a cell from which it is another scene."""
BINS = 4
"""Levels of each of red, green and blue in a colour histogram."""
CUT_COLOURS = 0.5
"""Share of the pixels that must change colour for it to be another scene: one thing moving does not do that."""


class MotionObserver:
    """Compares each frame with the next one, a second or more later."""

    def observe(self, sample: Sample) -> Observation:
        """Report motion with the mean change, 0 to 1, and cuts with their number. Nothing for a single frame."""
        if len(sample.frames) < 2:
            return Observation()
        changes = _changes(sample.frames)
        cuts = (changes >= CUT) & (_colour_changes(sample.frames) >= CUT_COLOURS)
        calm = changes[~cuts]
        mean = float(calm.mean()) if len(calm) else 0.0
        label = "still" if mean < STILL else "lively" if mean > LIVELY else "moving"
        motion = Evidence(kind="motion", label=label, score=mean / 255)
        return Observation((motion, Evidence(kind="cuts", label="cuts", score=float(cuts.sum()))))


def _changes(frames: Frames) -> NDArray[np.float64]:
    """Mean change of a cell's brightness against the whole picture's, of 255, from each frame to the next."""
    count, height, width = frames.shape[:3]
    grid = min(GRID, height, width)
    rows, columns = height // grid, width // grid
    grey = frames[:, : rows * grid, : columns * grid].mean(axis=-1)
    cells = grey.reshape(count, grid, rows, grid, columns).mean(axis=(2, 4))
    # A camera that opens its iris lightens every cell; nothing has moved by that.
    cells -= cells.mean(axis=(1, 2), keepdims=True)
    return np.asarray(np.abs(np.diff(cells, axis=0)).mean(axis=(1, 2)))


def _colour_changes(frames: Frames) -> NDArray[np.float64]:
    """Share of the pixels whose colour level changes from each frame to the next, by their histograms."""
    levels = (frames[:, ::4, ::4] // (256 // BINS)).astype(np.int64)
    codes = (levels * np.array([BINS * BINS, BINS, 1])).sum(axis=-1).reshape(len(frames), -1)
    histograms = np.stack([np.bincount(code, minlength=BINS**3) for code in codes]) / codes.shape[1]
    return np.asarray(np.abs(np.diff(histograms, axis=0)).sum(axis=1) / 2)
