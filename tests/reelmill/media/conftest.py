"""Tiny clips made with the shipped ffmpeg, each once a session."""

from __future__ import annotations

from pathlib import Path

import pytest

from reelmill.media.limits import MediaLimits
from reelmill.media.transcode import CpuTranscoder
from reelmill.video import Transcoded
from tests.reelmill.media.clips import ENCODE, MakeClip, Transcode, moving_picture, run_ffmpeg


@pytest.fixture(scope="session")
def make_clip(tmp_path_factory: pytest.TempPathFactory) -> MakeClip:
    """`make_clip("name.mp4", *ffmpeg_arguments)`; the same name is the same clip."""
    folder = tmp_path_factory.mktemp("clips")

    def make(name: str, *arguments: str | Path) -> Path:
        path = folder / name
        if not path.exists():
            run_ffmpeg(*arguments, path)
        return path

    return make


@pytest.fixture(scope="session")
def landscape(make_clip: MakeClip) -> Path:
    """Five seconds of 320x180 at 25 frames a second, with a tone."""
    sound = ("-f", "lavfi", "-i", "sine=frequency=440:duration=5")
    return make_clip("landscape.mp4", *moving_picture("320x180", 5), *sound, *ENCODE, "-movflags", "+faststart")


@pytest.fixture(scope="session")
def silent(make_clip: MakeClip) -> Path:
    """Two seconds of 320x240 without sound."""
    return make_clip("silent.mp4", *moving_picture("320x240", 2, rate=10), *ENCODE)


@pytest.fixture(scope="session")
def only_sound(make_clip: MakeClip) -> Path:
    return make_clip("sound.m4a", "-f", "lavfi", "-i", "sine=duration=1")


@pytest.fixture
def transcode(tmp_path: Path) -> Transcode:
    """Transcodes into a folder of the test's own, with the default limits."""

    def run(source: Path) -> Transcoded:
        return CpuTranscoder(MediaLimits()).transcode(str(source), tmp_path, lambda: None)

    return run
