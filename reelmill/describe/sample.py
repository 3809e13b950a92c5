"""What the offline describer looks at and listens to: a bounded sample of one proxy."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from reelmill.media.frames import read_audio, read_frames
from reelmill.media.limits import MediaLimits
from reelmill.ports import Beat
from reelmill.video import Proxy

FRAMES = 64
"""Frames read for motion and cuts; with the size below about 30 MB."""
LOOKED_AT = 8
"""Frames shown to the models, which take about a tenth of a second each."""
SIDE = 300
"""Pixels of a frame's shorter side: what the larger of the two models takes."""
RATE_HZ = 16_000
SOUND_S = 120.0
"""Seconds of sound listened to, from the start: 8 MB."""

Frames = NDArray[np.uint8]
"""Shape (n, height, width, 3), RGB."""


@dataclass(frozen=True)
class Sample:
    """Frames spread evenly over a video, and its sound."""

    frames: Frames
    """At most `FRAMES`, in order."""
    sound: NDArray[np.float32]
    """Mono, -1 to 1, `RATE_HZ`; empty when the video has none."""
    duration_s: float

    @property
    def looked_at(self) -> Frames:
        """At most `LOOKED_AT` of the frames, spread evenly: those that models see."""
        return self.frames[spread(len(self.frames), LOOKED_AT)]


def spread(available: int, wanted: int) -> NDArray[np.intp]:
    """The indices of `wanted` of `available` things, each from the middle of an equal share of them."""
    taken = min(available, wanted)
    return np.asarray((np.arange(taken) + 0.5) * available / max(taken, 1), dtype=np.intp)


def take_sample(proxy: Proxy, ffmpeg: Path | None, limits: MediaLimits, beat: Beat) -> Sample:
    """Read the sample; `ffmpeg` None means the one that ships. Raises the media engine's errors."""
    frames = read_frames(proxy, size=SIDE, count=FRAMES, ffmpeg=ffmpeg, limits=limits, beat=beat)
    sound = read_audio(proxy, rate_hz=RATE_HZ, max_s=SOUND_S, ffmpeg=ffmpeg, limits=limits, beat=beat)
    return Sample(frames, sound, proxy.duration_s)
