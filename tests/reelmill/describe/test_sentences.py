import pytest
from hypothesis import given
from hypothesis import strategies as st

from reelmill.describe.sentences import description, joined, spoken_duration, title
from reelmill.describe.sightings import weigh
from reelmill.video import Evidence
from tests.reelmill.describe.pictures import seen


def told(*evidence: Evidence) -> tuple[str, str]:
    sightings = weigh(evidence, 8)
    return title(sightings, evidence), description(sightings, evidence, 9.0)


def test_sure_things_are_shown_and_possible_ones_may_be() -> None:
    heading, text = told(seen("object", "person", 0.9), seen("image", "drum", 0.6), seen("image", "flower", 0.3))
    assert heading == "A person and a drum"
    assert text == "It shows a person and a drum. It may show a flower. It lasts about 9 seconds."


def test_with_nothing_sure_the_title_says_perhaps() -> None:
    heading, text = told(seen("image", "mountains", 0.45))
    assert heading == "Perhaps mountains"
    assert text.startswith("Nothing in it was recognised for certain. It may show mountains.")


def test_with_nothing_likely_the_title_says_what_was_measured() -> None:
    dark = (seen("brightness", "dark", 0.1), seen("colour", "black", 0.9))
    heading, text = told(*dark, seen("object", "cup", 0.8))
    assert heading == "Dark scene, mostly black"
    assert "It may show a cup. The picture is dark, mostly black." in text


def test_with_nothing_at_all_it_says_so() -> None:
    assert told() == (
        "Unrecognised scene",
        "Nothing in it was recognised for certain. It lasts about 9 seconds.",
    )


def test_a_drawn_picture_is_said_not_to_be_understood() -> None:
    heading, text = told(seen("graphics", "graphics", 0.95), seen("image", "page or sign", 0.9))
    assert heading == "Computer graphics"
    assert text.startswith("It shows computer graphics. What is drawn was not recognised. It may show a page or sign.")


def test_what_was_measured_is_told_in_whole_sentences() -> None:
    _, text = told(
        seen("brightness", "medium", 0.5),
        seen("colour", "green", 0.5),
        seen("colour", "grey", 0.3),
        seen("motion", "lively", 0.1),
        seen("cuts", "cuts", 2),
        seen("loudness", "loud", -9.0),
    )
    assert "The picture is mostly green and grey; much moves. The scene changes at least 2 times." in text
    assert "The sound is loud." in text


@pytest.mark.parametrize(
    ("seconds", "said"),
    [(0.2, "1 second"), (42.4, "42 seconds"), (60, "1 minute"), (185, "3 minutes 5 seconds")],
)
def test_a_duration_is_spoken(seconds: float, said: str) -> None:
    assert spoken_duration(seconds) == said


def test_words_are_joined_as_in_speech() -> None:
    assert [joined(words) for words in ([], ["a"], ["a", "b"], ["a", "b", "c"])] == ["", "a", "a and b", "a, b and c"]


WORDS = st.sampled_from(["dog", "drum", "furniture", "clothes", "hook", "page or sign", "sea or lake"])
FOUND = st.builds(
    seen,
    st.sampled_from(["image", "object", "class"]),
    WORDS,
    st.floats(0, 1),
    st.integers(0, 8),
)


@given(st.lists(FOUND, max_size=40))
def test_any_evidence_gives_a_title_and_a_description_of_legal_length(evidence: list[Evidence]) -> None:
    heading, text = told(*evidence)
    assert 1 <= len(heading) <= 120
    assert len(text) <= 1000
    assert text.endswith("seconds.")
