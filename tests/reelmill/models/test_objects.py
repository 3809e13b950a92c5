from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from reelmill.errors import ModelMissing
from reelmill.models.objects import LABELS, LOWEST_SCORE, Detection, ObjectModel
from tests.reelmill.models.frames import frames


def test_missing_weights_are_told_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing, match=r"reelmill\.models fetch --only objects"):
        ObjectModel(tmp_path).detect(np.zeros((1, 8, 8, 3), np.uint8))


def test_the_eighty_classes_of_coco_have_names_of_their_own() -> None:
    assert len(LABELS) == len(set(LABELS.values())) == 80


@pytest.fixture(scope="module")
def model(model_dir: Path) -> ObjectModel:
    return ObjectModel(model_dir)


def seen(detections: list[Detection]) -> set[str]:
    return {detection.label for detection in detections if detection.score > 0.5}


@pytest.mark.models
def test_things_in_real_clips_are_found(model: ObjectModel, model_dir: Path) -> None:
    first, *_, last = model.detect(frames(model_dir, "clock-then-cat.mp4"))
    assert "cat" in seen(last) - seen(first)
    assert all({"person"} <= seen(found) for found in model.detect(frames(model_dir, "man-in-car.mp4")))


@pytest.mark.models
def test_the_box_lies_around_the_thing(model: ObjectModel, model_dir: Path) -> None:
    """The man sits near the middle of the frame and fills most of its height."""
    (found,) = model.detect(frames(model_dir, "man-in-car.mp4", 1))
    person = next(thing for thing in found if thing.label == "person")
    assert 0.3 < person.x + person.width / 2 < 0.7
    assert person.y < 0.2
    assert person.y + person.height > 0.9


@pytest.mark.models
def test_detections_come_surest_first_and_inside_the_frame(model: ObjectModel, model_dir: Path) -> None:
    for found in model.detect(frames(model_dir, "street-bikes.mp4", 8)):
        scores = [thing.score for thing in found]
        assert scores == sorted(scores, reverse=True)
        assert all(LOWEST_SCORE <= score <= 1 for score in scores)
        for thing in found:
            assert 0 <= thing.x <= thing.x + thing.width <= 1 + 1e-6
            assert 0 <= thing.y <= thing.y + thing.height <= 1 + 1e-6


@pytest.mark.models
@pytest.mark.parametrize("shape", [(1, 1), (1080, 1920)])
def test_nothing_is_seen_in_plain_frames_of_any_size(model: ObjectModel, shape: tuple[int, int]) -> None:
    assert model.detect(np.zeros((2, *shape, 3), np.uint8)) == [[], []]


@pytest.mark.models
def test_threads_that_share_a_model_get_each_their_own_answer(model_dir: Path) -> None:
    clips = [frames(model_dir, clip, 2) for clip in ("man-in-car.mp4", "clock-then-cat.mp4")] * 3
    model = ObjectModel(model_dir)
    with ThreadPoolExecutor(len(clips)) as pool:
        answers = list(pool.map(model.detect, clips))
    assert answers == [model.detect(clip) for clip in clips]
