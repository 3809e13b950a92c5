"""Tiny clips for the soak: real ones, no two alike but for some copies; some that are no videos; a few that kill."""

from __future__ import annotations

import random
import subprocess
from dataclasses import dataclass
from pathlib import Path

import imageio_ffmpeg

BASES = 8
FAILED = frozenset({"failed"})


@dataclass(frozen=True)
class Clip:
    """A file, and the states that it may end in when no fault ends it."""

    path: Path
    ends: frozenset[str]


class ClipMaker:
    """Writes one clip after another into a folder; the chance given decides which."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder = folder
        self._chance = chance
        self._made = 0
        self._bases = [_encode(folder, number) for number in range(BASES)]

    def make(self) -> Clip:
        """The next clip."""
        self._made += 1
        content, ends = self._content()
        path = self._folder / f"{self._made}.mp4"
        path.write_bytes(content)
        return Clip(path, ends)

    def _content(self) -> tuple[bytes, frozenset[str]]:
        kind = self._chance.random()
        if kind < 0.005:
            return b"poison" + self._made.to_bytes(4, "big"), FAILED
        if kind < 0.03:
            return b"not a video " + self._made.to_bytes(4, "big"), FAILED
        clip = self._chance.choice(self._bases)
        if kind < 0.05:
            return clip, frozenset({"indexed", "duplicate"})
        # A `free` box at the end: other bytes, the same pictures.
        return clip + (12).to_bytes(4, "big") + b"free" + self._made.to_bytes(4, "big"), frozenset({"indexed"})


def _encode(folder: Path, number: int) -> bytes:
    path = folder / f"base-{number}.mp4"
    subprocess.run(
        [
            *(imageio_ffmpeg.get_ffmpeg_exe(), "-v", "error", "-f", "lavfi"),
            *("-i", f"testsrc=size=96x64:rate=10:duration={1 + number % 3}", "-vf", f"hue=h={45 * number}"),
            *("-c:v", "libx264", "-preset", "ultrafast", str(path)),
        ],
        check=True,
    )
    return path.read_bytes()
