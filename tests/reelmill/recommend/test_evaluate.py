import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelmill.recommend.evaluate import by_class, leave_one_out, summary, worth_asking

LABELS = {"a1": "a", "a2": "a", "a3": "a", "b1": "b", "b2": "b"}


def test_a_perfect_ranking_finds_all_mates_first() -> None:
    def rank(item: str) -> list[str]:
        return sorted(LABELS, key=lambda other: LABELS[other] != LABELS[item])

    precision = leave_one_out(LABELS, rank, ks=(1, 2))
    assert precision["a1"] == {1: 1, 2: 1}
    assert precision["b1"] == {1: 1, 2: 0.5}, "b has one mate, so that half of two is the most"


def test_the_item_itself_and_unlabelled_ones_are_passed_over() -> None:
    precision = leave_one_out(LABELS, lambda item: [item, "stranger", "a2", "b1", "a3"], ks=(1, 3))
    assert precision["a1"] == {1: 1, 3: pytest.approx(2 / 3)}


def test_a_short_answer_is_not_rewarded() -> None:
    assert leave_one_out(LABELS, lambda item: ["a2"], ks=(3,))["a1"] == {3: pytest.approx(1 / 3)}


def test_chance_is_the_share_of_mates_among_the_others() -> None:
    scores = by_class(LABELS, leave_one_out(LABELS, lambda item: []))
    assert [(score.group, score.queries, score.chance) for score in scores] == [("a", 3, 0.5), ("b", 2, 0.25)]
    assert summary(LABELS, leave_one_out(LABELS, lambda item: [])).chance == pytest.approx(0.4)


@given(st.lists(st.sampled_from("abc"), min_size=2, max_size=9), st.randoms(use_true_random=False))
@settings(deadline=None)
def test_chance_is_what_all_random_orders_give_on_average(classes, random) -> None:
    labels = dict(enumerate(classes))
    expected = summary(labels, leave_one_out(labels, lambda item: [])).chance
    # Each other item equally often first is what a random order comes to.
    firsts = [labels[other] == labels[item] for item in labels for other in labels if other != item]
    assert expected == pytest.approx(sum(firsts) / len(firsts))


def test_classes_without_an_answer_are_not_asked() -> None:
    assert worth_asking(LABELS | {"c1": "c", "x1": "format", "x2": "format"}, without=["format"]) == LABELS
