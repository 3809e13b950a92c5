from hypothesis import given
from hypothesis import strategies as st

from reelmill.describe.index_text import CHARS, JOINT, MENTIONS, compose

WORDS = st.dictionaries(st.text("abcdefghij -", min_size=1, max_size=30), st.floats(0, 1), max_size=30)


def test_a_word_is_mentioned_as_often_as_it_weighs_the_weightiest_first() -> None:
    assert compose([{"harp": 0.11, "person": 0.3}]) == "person, person, person, harp"


def test_a_word_of_two_observers_counts_for_both() -> None:
    assert compose([{"dog": 0.2}, {"dog": 0.2}]) == "dog, dog, dog, dog"


def test_one_word_does_not_drown_the_others() -> None:
    assert compose([{"dog": 1.0}, {"dog": 1.0}]).count("dog") == MENTIONS


def test_nothing_observed_is_an_empty_text() -> None:
    assert compose([]) == ""
    assert compose([{}, {}]) == ""


def test_a_text_that_is_too_long_is_cut_between_words() -> None:
    words = {f"word number {number}": 1.0 for number in range(200)}
    text = compose([words])
    assert CHARS - 20 < len(text) <= CHARS
    assert set(text.split(JOINT)) <= words.keys()


@given(st.lists(WORDS, max_size=4))
def test_nothing_but_observed_words_is_in_it(observed: list[dict[str, float]]) -> None:
    known = {word for words in observed for word in words}
    text = compose(observed)
    assert not text or set(text.split(JOINT)) <= known
    assert len(text) <= CHARS
