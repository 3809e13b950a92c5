import pytest

from reelmill.describe.colour import ColourObserver, shares
from tests.reelmill.describe.pictures import filmed, plain, sample


@pytest.mark.parametrize(
    ("colour", "name"),
    [
        ((10, 10, 12), "black"),
        ((128, 126, 130), "grey"),
        ((250, 248, 250), "white"),
        ((200, 30, 30), "red"),
        ((240, 140, 20), "orange"),
        ((110, 70, 30), "brown"),
        ((220, 200, 165), "beige"),
        ((240, 220, 30), "yellow"),
        ((40, 140, 50), "green"),
        ((80, 150, 150), "turquoise"),
        ((40, 80, 200), "blue"),
        ((120, 60, 180), "purple"),
        ((230, 80, 180), "pink"),
        ((240, 180, 185), "pink"),
    ],
)
def test_colours_are_called_as_people_call_them(colour: tuple[int, int, int], name: str) -> None:
    assert shares(plain(colour)) == {name: 1.0}


def test_dominant_colours_are_named_the_largest_first_with_their_share() -> None:
    frames = plain((250, 250, 250))
    frames[:, :40] = (40, 80, 200)
    _, blue, white = ColourObserver().observe(sample(frames)).evidence
    assert [(item.kind, item.label) for item in (blue, white)] == [("colour", "blue"), ("colour", "white")]
    assert blue.score == pytest.approx(0.625)


@pytest.mark.parametrize(("level", "label"), [(20, "dark"), (120, "medium"), (240, "bright")])
def test_brightness_is_measured(level: int, label: str) -> None:
    first, *_ = ColourObserver().observe(sample(filmed(plain((level,) * 3)))).evidence
    assert (first.kind, first.label) == ("brightness", label)
    assert first.score == pytest.approx(level / 255, abs=0.02)


def test_colours_lend_no_words() -> None:
    assert ColourObserver().observe(sample(plain((200, 30, 30)))).words == {}
