from reelmill.describe.things import judge
from reelmill.models.objects import Detection


def thing(label: str, score: float) -> Detection:
    return Detection(label, score, 0.1, 0.1, 0.5, 0.5)


def test_a_thing_in_one_frame_of_many_is_a_slip() -> None:
    assert judge([[thing("cup", 0.9)], [], [], []]).evidence == ()


def test_a_thing_in_the_only_frame_counts() -> None:
    [item] = judge([[thing("cup", 0.9)]]).evidence
    assert (item.label, item.score, item.frames) == ("cup", 0.9, 1)


def test_a_thing_in_two_frames_counts_with_its_best_score() -> None:
    [item] = judge([[thing("dog", 0.6)], [thing("dog", 0.8)], [thing("dog", 0.3)]]).evidence
    assert (item.kind, item.label, item.score, item.frames) == ("object", "dog", 0.8, 2)


def test_low_scores_are_ignored() -> None:
    assert judge([[thing("dog", 0.49)], [thing("dog", 0.4)]]).evidence == ()


def test_several_persons_are_people() -> None:
    pair = [thing("person", 0.9), thing("person", 0.8)]
    [item] = judge([pair, pair, [thing("person", 0.7)]]).evidence
    assert item.label == "people"


def test_a_word_weighs_by_score_and_by_how_long_the_thing_is_seen() -> None:
    assert judge([[thing("dog", 0.8)], [thing("dog", 0.6)], [], []]).words == {"dog": 0.4}
