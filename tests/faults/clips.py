"""Tiny clips for the soak: real ones, no two alike but for some copies; some that are no videos; a few that kill."""

from __future__ import annotations

import random
import subprocess
from pathlib import Path

import imageio_ffmpeg

BASES = 8


class ClipMaker:
    """Writes one clip after another into a folder; the chance given decides which."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self._folder = folder
        self._chance = chance
        self._made = 0
        self._bases = [_encode(folder, number) for number in range(BASES)]

    def make(self) -> Path:
        """The next clip."""
        self._made += 1
        path = self._folder / f"{self._made}.mp4"
        path.write_bytes(self._content())
        return path

    def _content(self) -> bytes:
        kind = self._chance.random()
        if kind < 0.005:
            return b"poison" + self._made.to_bytes(4, "big")
        if kind < 0.03:
            return b"not a video " + self._made.to_bytes(4, "big")
        clip = self._chance.choice(self._bases)
        if kind < 0.05:
            return clip
        # A `free` box at the end: other bytes, the same pictures.
        return clip + (12).to_bytes(4, "big") + b"free" + self._made.to_bytes(4, "big")


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
