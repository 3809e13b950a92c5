"""Files that hold less than they promise."""

from __future__ import annotations

from dataclasses import replace

import pytest

from reelmill.errors import UnreadableMedia
from reelmill.media import length
from reelmill.media.probe import Picture, Probed, Sound

PICTURE = Picture(0, "h264", 1920, 1080, (1, 1), 25.0, 50, 0.0, 20.0, duration_is_own=True, cut_at_s=None)


@pytest.mark.parametrize(
    ("read_s", "promised_s"), [(60, 60), (54, 60), (9, 10), (4, 5), (1.6, 2), (7, 5), (0, 0), (0.9, 1)]
)
def test_a_little_missing_is_tolerated(read_s: float, promised_s: float) -> None:
    length.check_length(read_s, promised_s)


@pytest.mark.parametrize(("read_s", "promised_s"), [(53, 60), (8.9, 10), (3.9, 5), (1, 2), (0.5, 1)])
def test_more_is_not_and_the_seconds_are_told(read_s: float, promised_s: float) -> None:
    with pytest.raises(UnreadableMedia, match=f"ends early: {read_s:.1f} of {promised_s:.1f} seconds"):
        length.check_length(read_s, promised_s)


def test_an_index_that_points_past_the_end_of_the_file_is_a_cut() -> None:
    length.check_index(PICTURE)
    length.check_index(replace(PICTURE, cut_at_s=19.5))
    with pytest.raises(UnreadableMedia, match=r"7\.0 of 20\.0 seconds"):
        length.check_index(replace(PICTURE, start_s=3.0, cut_at_s=10.0))


def test_sound_may_be_what_lasts_where_only_the_whole_length_is_known() -> None:
    proxy = Probed("mov", replace(PICTURE, frames=5), Sound(1, "aac", 19.9), 0.0)
    length.check_proxy(proxy, replace(PICTURE, duration_is_own=False), 20.0)
    with pytest.raises(UnreadableMedia):
        length.check_proxy(proxy, PICTURE, 20.0)
