"""Observer: how light the picture is, and which colours it mostly has."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from reelmill.describe.observer import Observation
from reelmill.describe.sample import Frames, Sample
from reelmill.video import Evidence

DARK, BRIGHT = 60, 190
"""Mean brightness, of 255, below and above which a picture is called so."""
DOMINANT = 0.2
"""Share of the pixels from which a colour is worth naming."""
MOST = 3
"""Most colours named."""
STRIDE = 4
"""Every fourth pixel each way is enough for shares."""

NIGHT, DAY = 45, 200
"""Value, of 255, below which every pixel is black, and from which a colourless one is white."""
TINTED, PALE = 40, 95
"""Saturation, of 255, from which a pixel has a colour at all, and below which it is a pale one."""
DIM = 150
"""Value, of 255, below which orange is brown, and from which pale orange is beige and pale red is pink."""
HUES = (
    (7, "red"),
    (20, "orange"),
    (35, "yellow"),
    (80, "green"),
    (100, "turquoise"),
    (128, "blue"),
    (146, "purple"),
    (173, "pink"),
    (180, "red"),
)
"""The hue, in units of two degrees, at which each colour of the circle ends."""


class ColourObserver:
    """Names the pictures' colours; lends no words, for videos of one thing come in all colours."""

    def observe(self, sample: Sample) -> Observation:
        """Report brightness with its mean, 0 to 1, and each dominant colour with its share of the pixels."""
        frames = sample.looked_at
        colours = sorted(shares(frames).items(), key=lambda item: -item[1])[:MOST]
        named = [Evidence(kind="colour", label=c, score=share) for c, share in colours if share >= DOMINANT]
        return Observation((_brightness(frames), *named))


def shares(frames: Frames) -> dict[str, float]:
    """The share of the pixels of each colour that there is."""
    pixels = np.ascontiguousarray(frames[:, ::STRIDE, ::STRIDE]).reshape(1, -1, 3)
    hue, saturation, value = cv2.cvtColor(pixels, cv2.COLOR_RGB2HSV)[0].T
    names = _hue_names(hue)
    warm = (names == "orange") | (names == "yellow")
    names[warm & (value < DIM)] = "brown"
    names[warm & (value >= DIM) & (saturation < PALE)] = "beige"
    names[(names == "red") & (value >= DIM) & (saturation < PALE)] = "pink"
    names[saturation < TINTED] = "grey"
    names[(saturation < TINTED) & (value >= DAY)] = "white"
    names[value < NIGHT] = "black"
    found, counts = np.unique(names, return_counts=True)
    return dict(zip(found.tolist(), (counts / len(names)).tolist(), strict=True))


def _hue_names(hue: NDArray[np.uint8]) -> NDArray[np.str_]:
    ends, names = zip(*HUES, strict=True)
    return np.array(names)[np.searchsorted(ends, hue, side="right")]


def _brightness(frames: Frames) -> Evidence:
    mean = float(frames.mean())
    label = "dark" if mean < DARK else "bright" if mean > BRIGHT else "medium"
    return Evidence(kind="brightness", label=label, score=mean / 255)
