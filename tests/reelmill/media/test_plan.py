"""The plan: pure arithmetic."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmill.media.plan import SQUARE, plan_cpu
from reelmill.media.probe import Picture, Probed, Sound
from reelmill.video import Box

PLAIN = Picture(0, "h264", 1920, 1080, (1, 1), 25.0, 50, 0.0, 2.0, duration_is_own=True, cut_at_s=None)
QUARTER_LEFT = (0, -65536, 65536, 0)
SIDES = st.integers(1, 2**16)


def probed(picture: Picture, sound: Sound | None = None) -> Probed:
    return Probed("mov", picture, sound, 0.0)


@pytest.mark.parametrize(
    ("picture", "content"),
    [
        (PLAIN, Box(0, 224, 1024, 576)),
        (replace(PLAIN, width=1080, height=1920), Box(224, 0, 576, 1024)),
        (replace(PLAIN, display_matrix=QUARTER_LEFT), Box(224, 0, 576, 1024)),
        (replace(PLAIN, width=100, height=100), Box(0, 0, 1024, 1024)),
        (replace(PLAIN, width=720, height=576, pixel_aspect=(16, 15)), Box(0, 128, 1024, 768)),
        (replace(PLAIN, width=10000, height=3), Box(0, 510, 1024, 2)),
    ],
)
def test_the_content_is_fitted_and_centred(picture: Picture, content: Box) -> None:
    assert plan_cpu(probed(picture)).content == content


@given(width=SIDES, height=SIDES, pixel_aspect=st.tuples(SIDES, SIDES))
def test_the_content_lies_in_the_square_on_even_pixels(width: int, height: int, pixel_aspect: tuple[int, int]) -> None:
    box = plan_cpu(probed(replace(PLAIN, width=width, height=height, pixel_aspect=pixel_aspect))).content
    assert max(box.width, box.height) == SQUARE
    assert min(box.x, box.y) >= 0
    assert box.x + box.width <= SQUARE
    assert box.y + box.height <= SQUARE
    assert not any(value % 2 for value in (box.x, box.y, box.width, box.height))


@pytest.mark.parametrize(("duration_s", "frames"), [(0.0, 1), (0.04, 1), (1.0, 1), (1.01, 2), (59.9, 60)])
def test_there_is_a_frame_for_each_second_begun(duration_s: float, frames: int) -> None:
    assert plan_cpu(probed(replace(PLAIN, duration_s=duration_s))).expected_frames == frames


@pytest.mark.parametrize(
    ("picture", "matrix"),
    [
        (PLAIN, "bt709"),
        (replace(PLAIN, width=1080, height=1920), "bt709"),
        (replace(PLAIN, width=640, height=480), "bt601"),
        (replace(PLAIN, width=640, height=480, colour_matrix=1), "auto"),
    ],
)
def test_a_colour_matrix_is_guessed_by_size_only_where_none_is_given(picture: Picture, matrix: str) -> None:
    assert plan_cpu(probed(picture)).colour_matrix == matrix


def test_the_poster_keeps_the_aspect() -> None:
    assert plan_cpu(probed(PLAIN)).poster == (640, 360)
    assert plan_cpu(probed(replace(PLAIN, width=1080, height=1920))).poster == (360, 640)


def test_the_sound_is_taken_where_there_is_some() -> None:
    assert plan_cpu(probed(PLAIN)).audio_index is None
    assert plan_cpu(probed(PLAIN, Sound(3, "aac", 2.0))).audio_index == 3
