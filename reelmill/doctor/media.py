"""Checks of the programs that touch media: ffmpeg and PyAV."""

from __future__ import annotations

import re
import subprocess
from collections.abc import Iterator
from importlib.util import find_spec

from reelmill.doctor.check import Check
from reelmill.errors import Misuse
from reelmill.settings import Settings

ENCODERS = ("libx264", "aac", "mjpeg")
"""What the proxy and the poster are encoded with."""
PROTOCOLS = ("fd",)
"""How every upload is read: as a descriptor that is open already."""
ANSWER_LIMIT_S = 20
FIX = "Run `make setup`, and leave REELMILL_FFMPEG unset to use the ffmpeg that comes with Reelmill."


def checks(settings: Settings) -> Iterator[Check]:
    """The ffmpeg that would be used, and PyAV."""
    yield _ffmpeg(settings)
    yield _pyav()


def _ffmpeg(settings: Settings) -> Check:
    from reelmill.media.command import ffmpeg_program

    try:
        program = ffmpeg_program(settings.ffmpeg)
        version = _ask(program, "-version").partition(" Copyright")[0]
        lacks = [each for each in ENCODERS if not _lists(_ask(program, "-encoders"), each)]
        lacks += [each for each in PROTOCOLS if not _lists(_ask(program, "-protocols"), each)]
    except (Misuse, RuntimeError, OSError, subprocess.SubprocessError) as error:
        return Check("ffmpeg", False, f"It cannot be run, so no video can be transcoded: {error}", FIX)
    if lacks:
        return Check("ffmpeg", False, f"{program} lacks {', '.join(lacks)}; no video can be transcoded.", FIX)
    return Check("ffmpeg", True, f"{version} ({program})")


def _ask(program: str, question: str) -> str:
    command = [program, "-hide_banner", question]
    answer = subprocess.run(
        command, stdin=subprocess.DEVNULL, capture_output=True, text=True, errors="replace",
        timeout=ANSWER_LIMIT_S, check=True,
    )  # fmt: skip
    return answer.stdout


def _lists(listing: str, name: str) -> bool:
    return re.search(rf"(?m)^\s*(\S+\s+)?{name}(\s|$)", listing) is not None


def _pyav() -> Check:
    fix = "Run `make setup`."
    if find_spec("av") is None:
        return Check("pyav", False, "The package av is not installed, so no video can be read.", fix)
    try:
        import av
    except ImportError as error:
        return Check("pyav", False, f"The package av does not load, so no video can be read: {error}", fix)
    return Check("pyav", True, f"PyAV {av.__version__}")
