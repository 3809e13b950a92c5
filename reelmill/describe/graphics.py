"""Observer: whether the picture is drawn rather than filmed, which the models cannot read."""

from __future__ import annotations

import numpy as np

from reelmill.describe.observer import Observation
from reelmill.describe.sample import Frames, Sample
from reelmill.video import Evidence

FLAT = 2
"""Greatest step between neighbouring pixels, of 255, in an even area; a camera's noise is above it."""
EVEN, EVEN_ON_WHITE = 0.95, 0.65
"""Share of even area from which a picture is drawn; less will do on a white ground. Asphalt from above has 0.91."""
WHITE, WHITE_SHARE = 235, 0.45
"""Least value of a white pixel's colours, of 255, and the share of such pixels that makes a white ground."""
BLACK = 20
"""Mean brightness, of 255, below which there is nothing to see."""
GARISH = 150
"""Mean difference between a pixel's strongest and weakest colour that no camera gives: test patterns."""
GREY = 3
"""The same difference below which a picture has no colour."""
WEIGHT = 0.3
"""Of the words in the text vector: as much as of a class that is likely, and less than of one that is sure."""


class GraphicsObserver:
    """Tells drawn pictures from filmed ones by their even areas and colours."""

    def observe(self, sample: Sample) -> Observation:
        """Report `drawing` for black and white, `graphics` for colour, and nothing for filmed pictures."""
        frames = sample.looked_at
        if not drawn(frames):
            return Observation()
        label = "drawing" if saturation(frames) < GREY else "graphics"
        return Observation(
            (Evidence(kind="graphics", label=label, score=_even_share(frames), frames=len(frames)),),
            {"drawing": WEIGHT, "line drawing": WEIGHT}
            if label == "drawing"
            else {"graphics": WEIGHT, "screen": WEIGHT},
        )


def drawn(frames: Frames) -> bool:
    """Whether evenness, ground and colours say that the pictures are drawn."""
    even = _even_share(frames)
    on_white = even >= EVEN_ON_WHITE and float((frames.min(axis=-1) >= WHITE).mean()) >= WHITE_SHARE
    on_colour = even >= EVEN and float(frames.mean()) > BLACK
    return on_white or on_colour or saturation(frames) >= GARISH


def saturation(frames: Frames) -> float:
    """Mean difference between the strongest and the weakest colour of a pixel, 0 to 255."""
    return float(np.mean(frames.max(axis=-1) - frames.min(axis=-1)))


def _even_share(frames: Frames) -> float:
    """The share of pixels like their right and lower neighbours, in the middle one of the frames by that."""
    values = frames.astype(np.int16)
    right = np.abs(np.diff(values, axis=2)).max(axis=-1)[:, :-1]
    down = np.abs(np.diff(values, axis=1)).max(axis=-1)[:, :, :-1]
    return float(np.median(((right <= FLAT) & (down <= FLAT)).mean(axis=(1, 2))))
