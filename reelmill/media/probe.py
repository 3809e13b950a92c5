"""What a file is: asked of PyAV in a limited child, whose answer is believed only once it is checked."""

from __future__ import annotations

import importlib.util
import math
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from reelmill.errors import MediaLimit, NoVideo, UnreadableMedia
from reelmill.media import child
from reelmill.media.formats import FORMAT_WHITELIST
from reelmill.media.limits import MediaLimits, setting_name
from reelmill.ports import Beat

PROGRAM = Path(__file__).with_name("probe_child.py")
UNREADABLE = "The file is not a video of a kind that can be read, or its index is cut off."

Count = Annotated[int, Field(ge=0, lt=2**31)]
Positive = Annotated[int, Field(gt=0, lt=2**31)]
Seconds = Annotated[float, Field(ge=0, lt=1e9, allow_inf_nan=False)]
Name = Annotated[str, Field(max_length=60, pattern=r"^[\w,.-]+$")]


@dataclass(frozen=True)
class Sound:
    """The first audio stream that can be decoded."""

    index: Count
    codec: Name
    duration_s: Seconds
    """0 where unknown."""


@dataclass(frozen=True)
class Picture:
    """The first video stream that can be decoded and is not a cover."""

    index: Count
    codec: Name
    width: Positive
    height: Positive
    """Pixels as coded."""
    pixel_aspect: tuple[Positive, Positive]
    """Width to height of one pixel."""
    fps: Annotated[float, Field(ge=0, lt=1e6, allow_inf_nan=False)]
    frames: Count
    """As the index counts them; 0 where there is none."""
    start_s: Annotated[float, Field(gt=-1e9, lt=1e9, allow_inf_nan=False)]
    duration_s: Seconds
    duration_is_own: bool
    """False when it is the whole file's, so that the sound may be what lasts that long."""
    cut_at_s: Annotated[float, Field(gt=-1e9, lt=1e9, allow_inf_nan=False)] | None
    """The time of the first picture that the index puts past the end of the file."""
    pix_fmt: Name | None = None
    """None, as are the following, when the picture is too large to have been decoded."""
    colour_matrix: Count = 2
    """libav's `AVColorSpace`: 0 is RGB, 2 is unspecified."""
    display_matrix: tuple[int, int, int, int] | None = None
    """(a, b, c, d): a player shows the pixel at (x, y) at (a x + c y, b x + d y)."""

    @property
    def mirrored(self) -> bool:
        """Whether a player swaps left and right, before it turns the picture."""
        a, b, c, d = self.display_matrix or (1, 0, 0, 1)
        return a * d - b * c < 0

    @property
    def rotation(self) -> int:
        """Degrees clockwise that a player turns the picture by: 0, 90, 180 or 270, the nearest of them."""
        a, b, _, _ = self.display_matrix or (1, 0, 0, 1)
        if self.mirrored:
            a, b = -a, -b
        return round(math.degrees(math.atan2(b, a)) / 90) * 90 % 360

    @property
    def square_size(self) -> tuple[int, int]:
        """Width and height with square pixels, before rotation; the larger count of pixels is kept."""
        across, down = self.pixel_aspect
        if across >= down:
            return max(1, round(self.width * across / down)), self.height
        return self.width, max(1, round(self.height * down / across))

    @property
    def shown_size(self) -> tuple[int, int]:
        """Width and height as a player shows them."""
        width, height = self.square_size
        return (height, width) if self.rotation in (90, 270) else (width, height)


@dataclass(frozen=True)
class Probe:
    """What one file is."""

    container: Name
    streams: Count
    audio: Sound | None
    video: Picture | None


_PROBE = TypeAdapter(Probe)


@dataclass(frozen=True)
class Probed:
    """A file's picture and sound, within all limits, and what it cost to find out."""

    container: str
    picture: Picture
    sound: Sound | None
    cpu_s: float


def probe(descriptor: int, limits: MediaLimits, beat: Beat) -> Probed:
    """Look into an open file.

    Raises `UnreadableMedia` when it is no video of a kind that is read, `NoVideo` when it holds none,
    `MediaLimit` when it is over a limit, and what `child.run` raises.
    """
    program = [sys.executable, "-I", "-S", str(PROGRAM), _folder_of_av(), str(descriptor), FORMAT_WHITELIST]
    finished = child.run(
        [*program, str(limits.max_pixels)],
        limits=limits,
        beat=beat,
        descriptors=[descriptor],
        unreadable=UNREADABLE,
    )
    return checked(_parsed(finished.stdout), limits, finished.cpu_s)


def checked(found: Probe, limits: MediaLimits, cpu_s: float) -> Probed:
    """The same facts, if they are a video within the limits."""
    if found.video is None:
        raise NoVideo("The file holds sound but no moving pictures." if found.audio else "")
    _check("max_streams", found.streams, limits.max_streams, "The file holds {} streams")
    _check("max_pixels", found.video.width * found.video.height, limits.max_pixels, "A picture has {} pixels")
    _check("max_duration_s", found.video.duration_s, limits.max_duration_s, "The video lasts {} seconds")
    return Probed(found.container, found.video, found.audio, cpu_s)


def _check(field: str, value: float, limit: float, finding: str) -> None:
    """Raise `MediaLimit` with the value, the limit and the setting's name."""
    if value > limit:
        raise MediaLimit(f"{finding.format(round(value, 1))}; the limit {setting_name(field)} is {limit}.")


def _parsed(document: bytes) -> Probe:
    """The child's answer. It has handled hostile bytes, so what it says may be their doing."""
    try:
        return _PROBE.validate_json(document)
    except ValidationError as error:
        raise UnreadableMedia(UNREADABLE, evidence=str(error)) from error


def _folder_of_av() -> str:
    """Where PyAV is installed; the child gets this folder instead of all of site-packages' start-up work."""
    found = importlib.util.find_spec("av")
    if found is None or found.origin is None:
        raise ModuleNotFoundError("PyAV (package `av`) is not installed.")
    return str(Path(found.origin).parents[1])
