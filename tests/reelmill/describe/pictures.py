"""Pictures and findings made up for the describer's tests."""

from __future__ import annotations

import numpy as np

from reelmill.describe.sample import Frames, Sample
from reelmill.video import Evidence

HEIGHT, WIDTH = 64, 96


def plain(*colours: tuple[int, int, int]) -> Frames:
    """One frame of each colour."""
    return np.stack([np.full((HEIGHT, WIDTH, 3), colour, np.uint8) for colour in colours])


def filmed(frames: Frames, seed: int = 0) -> Frames:
    """The same with a camera's noise."""
    noise = np.random.default_rng(seed).normal(0, 12, frames.shape)
    return np.clip(frames + noise, 0, 255).astype(np.uint8)


def sample(frames: Frames, sound: np.ndarray | None = None, duration_s: float = 5.0) -> Sample:
    return Sample(frames, np.empty(0, np.float32) if sound is None else sound.astype(np.float32), duration_s)


def seen(kind: str, label: str, score: float, frames: int = 8) -> Evidence:
    return Evidence(kind=kind, label=label, score=score, frames=frames)
