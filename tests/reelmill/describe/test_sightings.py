import pytest

from reelmill.describe.sightings import weigh, worth_telling
from tests.reelmill.describe.pictures import seen


def test_a_trusted_object_needs_no_second_opinion() -> None:
    [person] = weigh([seen("object", "person", 0.9)], 8)
    assert person.sure
    assert person.confidence == pytest.approx(0.9)


def test_an_object_that_only_one_model_sees_is_possible_at_best() -> None:
    [phone] = weigh([seen("object", "cell phone", 1.0)], 8)
    assert not phone.sure


def test_models_that_agree_are_surer_than_either() -> None:
    [dog] = weigh([seen("object", "dog", 0.6), seen("image", "dog", 0.5)], 8)
    assert dog.confidence == pytest.approx(0.8)


def test_an_objects_own_word_is_said_rather_than_its_familys() -> None:
    [bed] = weigh([seen("object", "bed", 0.9), seen("image", "furniture", 0.4)], 8)
    assert (bed.word, bed.said, bed.family) == ("bed", "a bed", "furniture")


def test_what_is_seldom_seen_is_less_sure() -> None:
    [car] = weigh([seen("object", "car", 0.8, frames=2)], 8)
    assert car.confidence == pytest.approx(0.4)


def test_what_is_hardly_likely_is_not_mentioned() -> None:
    assert weigh([seen("image", "dog", 0.2), seen("object", "cup", 0.6, frames=1)], 8) == []


def test_nothing_but_the_drawing_is_sure_in_a_drawing() -> None:
    drawing, page = weigh([seen("graphics", "drawing", 0.97), seen("image", "page or sign", 0.9)], 8)
    assert drawing.sure
    assert not page.sure


def test_clothes_go_without_saying_where_somebody_is_seen() -> None:
    clothes, person = seen("image", "clothes", 0.8), seen("object", "person", 0.9)
    assert [s.word for s in worth_telling(weigh([clothes, person], 8))] == ["person"]
    assert [s.word for s in worth_telling(weigh([clothes], 8))] == ["clothes"]


def test_people_are_told_before_things() -> None:
    found = weigh([seen("image", "dog", 0.95), seen("object", "people", 0.7)], 8)
    assert [s.word for s in found] == ["dog", "people"]
    assert [s.word for s in worth_telling(found)] == ["people", "dog"]
