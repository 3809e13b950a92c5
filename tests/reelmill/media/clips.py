"""Running the shipped ffmpeg in tests, plainly: the sources are our own."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import imageio_ffmpeg
import numpy as np
from numpy.typing import NDArray

from reelmill.video import Transcoded

MakeClip = Callable[..., Path]
Transcode = Callable[[Path], Transcoded]

ENCODE = ("-c:v", "libx264", "-preset", "ultrafast", "-pix_fmt", "yuv420p")


def run_ffmpeg(*arguments: str | Path) -> bytes:
    program = imageio_ffmpeg.get_ffmpeg_exe()
    command = [program, "-y", "-nostdin", "-loglevel", "error", *map(str, arguments)]
    return subprocess.run(command, check=True, capture_output=True).stdout


def moving_picture(size: str, seconds: float, rate: int = 25) -> tuple[str, ...]:
    """Ffmpeg's arguments for a moving test picture."""
    return ("-f", "lavfi", "-i", f"testsrc2=size={size}:rate={rate}:duration={seconds}")


def decode_rgb(path: Path, width: int, height: int) -> NDArray[np.uint8]:
    """The frames as plain ffmpeg shows them, turned upright: shape (n, height, width, 3)."""
    raw = ("-vf", f"scale={width}:{height}", "-f", "rawvideo", "-pix_fmt", "rgb24", "pipe:1")
    return np.frombuffer(run_ffmpeg("-i", path, *raw), np.uint8).reshape(-1, height, width, 3)


def described(path: Path) -> str:
    """What ffmpeg says of a file when it opens it."""
    command = [imageio_ffmpeg.get_ffmpeg_exe(), "-hide_banner", "-i", str(path)]
    return subprocess.run(command, check=False, capture_output=True, text=True).stderr
