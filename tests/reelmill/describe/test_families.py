from collections import Counter

import pytest

from reelmill.describe.families import families_by_object, load_families, with_article
from reelmill.models.objects import LABELS

CLASSES = 1000


def test_every_class_is_in_one_family_at_most() -> None:
    labels = [""] * CLASSES
    columns = Counter(column for family in load_families().values() for column in family.columns_among(labels))
    classes = Counter(label for family in load_families().values() for label in family.classes)
    objects = Counter(label for family in load_families().values() for label in family.objects)
    assert max((columns | classes | objects).values()) == 1
    assert set(columns) <= set(range(CLASSES))


def test_every_object_of_a_family_is_one_the_model_knows() -> None:
    assert set(families_by_object()) - {"people"} <= set(LABELS.values())


def test_people_and_vehicles_are_trusted() -> None:
    trusted = {word for word, family in load_families().items() if family.trusted}
    assert {"person", "car", "bus", "train", "bicycle"} <= trusted
    assert "dog" not in trusted


@pytest.mark.parametrize(
    ("word", "said"),
    [
        ("dog", "a dog"),
        ("orange", "an orange"),
        ("people", "people"),
        ("scissors", "scissors"),
        ("bus", "a bus"),
        ("wine glass", "a wine glass"),
        ("Afghan Hound", "an Afghan Hound"),
    ],
)
def test_a_word_gets_the_article_it_needs(word: str, said: str) -> None:
    assert with_article(word) == said
