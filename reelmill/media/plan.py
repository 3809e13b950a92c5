"""What shall be done with an upload: pure arithmetic from what the probe found."""

from __future__ import annotations

import math
from dataclasses import dataclass

from reelmill.media.probe import Picture, Probed
from reelmill.video import Box

SQUARE = 1024
"""Width and height of the proxy, pixels."""

POSTER = 640
"""The poster's longer side, pixels."""

UNSPECIFIED = 2
"""libav's `AVCOL_SPC_UNSPECIFIED`."""

HD_HEIGHT = 720
"""From this height on, pictures that do not say are in BT.709; below in BT.601. Players guess so too."""


@dataclass(frozen=True)
class Plan:
    """How one upload becomes a proxy and a poster."""

    rung: str
    sampling: str
    video_index: int
    audio_index: int | None
    """The stream to take the sound from, None for a silent proxy."""
    colour_matrix: str
    """What the source's YCbCr is in, as ffmpeg's scale filter names it; `auto` when each picture says."""
    mirrored: bool
    rotation: int
    """Degrees clockwise, after mirroring: 0, 90, 180 or 270."""
    content: Box
    """Where the picture stands in the square."""
    poster: tuple[int, int]
    """The poster's width and height, pixels."""
    expected_frames: int
    """One for each second begun, so also the promised length in seconds."""


def plan_cpu(probed: Probed) -> Plan:
    """Decode everything on the CPU and keep one frame a second."""
    picture = probed.picture
    return Plan(
        rung="cpu",
        sampling="full",
        video_index=picture.index,
        audio_index=probed.sound.index if probed.sound else None,
        colour_matrix=_colour_matrix(picture),
        mirrored=picture.mirrored,
        rotation=picture.rotation,
        content=_content(picture.shown_size),
        poster=_fitted(picture.shown_size, POSTER),
        expected_frames=max(1, math.ceil(picture.duration_s)),
    )


def _content(shown: tuple[int, int]) -> Box:
    """The picture centred in the square, on even pixels: a chroma sample of 4:2:0 covers two by two."""
    width, height = (max(2, side // 2 * 2) for side in _fitted(shown, SQUARE))
    return Box((SQUARE - width) // 4 * 2, (SQUARE - height) // 4 * 2, width, height)


def _fitted(shown: tuple[int, int], longer_side: int) -> tuple[int, int]:
    """The size with the same aspect whose longer side is as given."""
    factor = longer_side / max(shown)
    width, height = (max(1, round(side * factor)) for side in shown)
    return width, height


def _colour_matrix(picture: Picture) -> str:
    if picture.colour_matrix != UNSPECIFIED:
        return "auto"
    return "bt709" if min(picture.width, picture.height) >= HD_HEIGHT else "bt601"
