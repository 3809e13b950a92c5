import numpy as np
import pytest

from reelmill.describe.graphics import GraphicsObserver, drawn
from reelmill.describe.sample import Frames
from tests.reelmill.describe.pictures import filmed, plain, sample


def line_drawing() -> Frames:
    frames = plain((255, 255, 255))
    frames[:, 30:32, 10:80] = 0
    return frames


def screen() -> Frames:
    frames = plain((250, 250, 250))
    frames[:, :12] = (33, 150, 243)
    return frames


@pytest.mark.parametrize(("frames", "label"), [(line_drawing(), "drawing"), (screen(), "graphics")])
def test_even_areas_on_white_are_drawn(frames: Frames, label: str) -> None:
    observation = GraphicsObserver().observe(sample(frames))
    assert [(item.kind, item.label) for item in observation.evidence] == [("graphics", label)]
    assert label in observation.words


def test_colours_that_no_camera_gives_are_drawn() -> None:
    assert drawn(filmed(plain((255, 0, 0), (0, 255, 0))))


@pytest.mark.parametrize("colour", [(120, 120, 120), (250, 250, 250), (40, 90, 60)])
def test_a_cameras_noise_tells_a_filmed_picture(colour: tuple[int, int, int]) -> None:
    assert GraphicsObserver().observe(sample(filmed(plain(colour)))).evidence == ()


def test_smooth_asphalt_is_not_drawn() -> None:
    frames = plain((110, 110, 105))
    rows = np.arange(0, frames.shape[1], 10)
    frames[:, rows] = 120
    assert not drawn(frames)


def test_a_black_picture_shows_nothing_at_all() -> None:
    observation = GraphicsObserver().observe(sample(plain((3, 3, 3))))
    assert (observation.evidence, observation.words) == ((), {})
