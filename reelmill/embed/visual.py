"""The visual vector: what a small image model makes of a proxy's frames, whichever describer ran."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reelmill.media.frames import read_frames
from reelmill.media.limits import MediaLimits
from reelmill.models.image import SIDE, ImageModel
from reelmill.ports import Beat
from reelmill.video import Proxy, Space, Vector

VISUAL_SPACE = Space("visual_efficientnet_lite2_v1", "visual", 1280)
FRAMES = 16
"""Frames looked at, spread evenly, about 20 ms each."""
MEAN_FILE = Path(__file__).with_name("visual_efficientnet_lite2_v1_mean.npy")
"""What `evened` gives on average, float32, shape (1280,): a constant of the space, another one makes another space.
`benchmarks/visual_mean.py` made it, and says from which clips."""


class VisualEmbedder:
    """Averages the image model's features over frames; loads the model when first used."""

    space = VISUAL_SPACE

    def __init__(self, model_dir: Path, *, limits: MediaLimits, ffmpeg: Path | None = None) -> None:
        """Take the image model's weights from `model_dir`."""
        self._model = ImageModel(model_dir)
        self._ffmpeg, self._limits = ffmpeg, limits

    def embed(self, proxy: Proxy, beat: Beat) -> Vector:
        """Shape (1280,). Raises `ModelMissing`, or the media engine's errors when the proxy is unreadable."""
        vector = centred(self.evened(proxy, beat), space_mean())
        beat()
        return vector

    def evened(self, proxy: Proxy, beat: Beat) -> NDArray[np.float32]:
        """The proxy's features before centring, shape (1280,), 0 and up."""
        frames = read_frames(proxy, size=SIDE, count=FRAMES, ffmpeg=self._ffmpeg, limits=self._limits, beat=beat)
        return evened(self._model.look(frames).features)


def evened(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """The square root of each feature's average over frames, (n, 1280) -> (1280,).

    A few features that fire strongly would else decide every comparison: the square root makes the dot product
    a Hellinger kernel (Arandjelovic and Zisserman, "Three things everyone should know", CVPR 2012).
    """
    return np.asarray(np.sqrt(features.mean(axis=0)), np.float32)


def centred(evened_features: NDArray[np.float32], mean: NDArray[np.float32]) -> Vector:
    """What sets these features apart from the mean, as a vector of unit length."""
    difference = evened_features - mean
    return np.asarray(difference / max(float(np.linalg.norm(difference)), 1e-12), np.float32)


@cache
def space_mean() -> NDArray[np.float32]:
    """The mean of `VISUAL_SPACE`, shape (1280,)."""
    mean = np.asarray(np.load(MEAN_FILE, allow_pickle=False), np.float32)
    mean.flags.writeable = False
    return mean
