"""A proxy's pictures and sound as arrays."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from reelmill.errors import UnreadableMedia
from reelmill.media.frames import evenly_spread, read_audio, read_frames
from reelmill.media.limits import MediaLimits
from reelmill.media.transcode import CpuTranscoder
from reelmill.video import Box, Proxy

HOW = {"ffmpeg": None, "limits": MediaLimits(), "beat": lambda: None}


@pytest.fixture(scope="session")
def proxy(landscape: Path, tmp_path_factory: pytest.TempPathFactory) -> Proxy:
    """Five frames of a picture of 16:9, with a tone of 440 Hz."""
    folder = tmp_path_factory.mktemp("proxy")
    return CpuTranscoder(MediaLimits()).transcode(str(landscape), folder, lambda: None).proxy


def test_all_frames_come_without_padding_in_the_wanted_size(proxy: Proxy) -> None:
    frames = read_frames(proxy, size=180, count=100, **HOW)
    assert frames.shape == (5, 180, 320, 3)
    assert frames.dtype == np.uint8
    assert frames[:, :4].mean() > 40
    assert frames[:, -4:].mean() > 40


def test_a_few_frames_are_those_of_the_middle_of_each_share(proxy: Proxy) -> None:
    every = read_frames(proxy, size=90, count=5, **HOW)
    some = read_frames(proxy, size=90, count=2, **HOW)
    assert np.array_equal(some, every[[1, 3]])


@pytest.mark.parametrize(
    ("total", "count", "chosen"),
    [(5, 5, [0, 1, 2, 3, 4]), (5, 9, [0, 1, 2, 3, 4]), (10, 1, [5]), (10, 2, [2, 7]), (3600, 3, [600, 1800, 3000])],
)
def test_frames_are_spread_evenly(total: int, count: int, chosen: list[int]) -> None:
    assert evenly_spread(total, count) == chosen


def test_a_strip_of_a_picture_stays_a_bounded_array(proxy: Proxy) -> None:
    strip = replace(proxy, content=Box(0, 512, 1024, 2))
    assert read_frames(strip, size=50, count=1, **HOW).shape == (1, 50, 200, 3)


def test_a_proxy_with_fewer_frames_than_it_says_is_an_error(proxy: Proxy) -> None:
    with pytest.raises(UnreadableMedia, match="fewer than the 9 frames"):
        read_frames(replace(proxy, frames=9), size=50, count=9, **HOW)


def test_the_sound_is_mono_and_of_the_wanted_rate(proxy: Proxy) -> None:
    sound = read_audio(proxy, rate_hz=8000, max_s=60, **HOW)
    assert sound.dtype == np.float32
    assert len(sound) == pytest.approx(40_000, abs=400)
    assert np.abs(sound).max() <= 1
    loudest = np.abs(np.fft.rfft(sound)).argmax() * 8000 / len(sound)
    assert loudest == pytest.approx(440, abs=2)


def test_the_sound_is_no_longer_than_asked(proxy: Proxy) -> None:
    assert len(read_audio(proxy, rate_hz=8000, max_s=2, **HOW)) == 16_000


def test_a_silent_proxy_gives_no_samples(proxy: Proxy) -> None:
    assert read_audio(replace(proxy, has_audio=False), rate_hz=8000, max_s=2, **HOW).shape == (0,)
