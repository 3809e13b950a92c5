from pathlib import Path

import numpy as np
import pytest

from reelmill.describe.families import load_families
from reelmill.describe.image import judge, middle_squares, spoken
from reelmill.models.image import ImageModel
from tests.reelmill.describe.pictures import plain

LABELS = [f"class {column}" for column in range(1000)]
BREEDS = range(151, 171)
LONER = 400


def likely(share: float, columns: range, frames: int = 4) -> np.ndarray:
    """Probabilities with `share` spread over the columns and the rest over all others."""
    probabilities = np.full((frames, 1000), (1 - share) / (1000 - len(columns)), np.float32)
    probabilities[:, columns] = share / len(columns)
    return probabilities


def test_many_unsure_breeds_make_a_sure_dog() -> None:
    found = judge(likely(0.9, BREEDS), LABELS, is_drawn=False).evidence
    [dog] = [item for item in found if item.label == "dog"]
    assert (dog.kind, dog.frames) == ("image", 4)
    assert dog.score > 0.85
    assert not any(item.kind == "class" for item in found)


def test_a_class_is_evidence_beside_its_family() -> None:
    found = judge(likely(0.6, range(151, 152)), LABELS, is_drawn=False).evidence
    assert [(item.kind, item.label) for item in found] == [("image", "dog"), ("class", "class 151")]


def test_a_class_without_a_family_stands_for_itself() -> None:
    [item] = judge(likely(0.4, range(LONER, LONER + 1)), LABELS, is_drawn=False).evidence
    assert (item.kind, item.label) == ("image", f"class {LONER}")


def test_what_is_hardly_likely_is_no_evidence_but_lends_its_word() -> None:
    observation = judge(likely(0.2, range(LONER, LONER + 1)), LABELS, is_drawn=False)
    assert observation.evidence == ()
    assert observation.words[f"class {LONER}"] == pytest.approx(0.2)


def test_in_a_drawing_only_sure_classes_count() -> None:
    unsure, sure = (likely(share, range(LONER, LONER + 1)) for share in (0.4, 0.8))
    assert judge(unsure, LABELS, is_drawn=True).evidence == ()
    assert judge(unsure, LABELS, is_drawn=True).words == {}
    assert judge(sure, LABELS, is_drawn=True).words.keys() == {f"class {LONER}"}


def test_two_classes_of_one_name_count_together() -> None:
    labels = [*LABELS[:LONER], "sunglasses", "sunglasses", *LABELS[LONER + 2 :]]
    [item] = judge(likely(0.4, range(LONER, LONER + 2)), labels, is_drawn=False).evidence
    assert item.label == "sunglasses"
    assert item.score == pytest.approx(0.4, abs=0.01)


def test_a_label_is_spoken_without_its_remarks() -> None:
    assert [spoken(label) for label in ("crane (bird)", "crate / box", "fur, real or not", "hot dog")] == [
        "crane",
        "crate",
        "fur",
        "hot dog",
    ]


def test_the_middle_square_is_cut_from_the_middle() -> None:
    frames = plain((0, 0, 0))
    frames[:, :, 16:80] = 255
    assert middle_squares(frames).shape == (1, 64, 64, 3)
    assert middle_squares(frames).min() == 255


@pytest.mark.models
def test_every_class_named_in_a_family_is_one_of_the_models(model_dir: Path) -> None:
    labels = ImageModel(model_dir).labels
    named = {label for family in load_families().values() for label in family.classes}
    assert named <= set(labels)
    numbered = [family.columns_among([""] * len(labels)) for family in load_families().values()]
    assert not named & {labels[column] for columns in numbered for column in columns}
