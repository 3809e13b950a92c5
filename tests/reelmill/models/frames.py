"""Frames of the sample clips."""

from pathlib import Path

import av
import numpy as np
from numpy.typing import NDArray

from reelmill.models.catalogue import SAMPLE_CLIPS


def frames(model_dir: Path, clip: str, count: int = 4) -> NDArray[np.uint8]:
    """Frames spread evenly over a sample clip; shape (count, height, width, 3), RGB."""
    (asset,) = (asset for asset in SAMPLE_CLIPS if asset.name == f"clips/{clip}")
    with av.open(str(asset.path(model_dir))) as container:
        decoded = [frame.to_ndarray(format="rgb24") for frame in container.decode(video=0)]
    places = np.linspace(0, len(decoded) - 1, count).astype(int)
    return np.stack([decoded[place] for place in places]).astype(np.uint8)
