from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from reelmill.errors import ModelMissing
from reelmill.models import image
from reelmill.models.catalogue import IMAGE_LABELS, IMAGE_WEIGHTS
from reelmill.models.image import ImageModel
from tests.reelmill.models.frames import frames


def test_missing_weights_are_told_with_the_fix(tmp_path: Path) -> None:
    model = ImageModel(tmp_path)
    with pytest.raises(ModelMissing, match=r"reelmill\.models fetch"):
        model.look(np.zeros((1, 8, 8, 3), np.uint8))
    with pytest.raises(ModelMissing, match=r"reelmill\.models fetch"):
        _ = model.labels


@pytest.fixture(scope="module")
def model(model_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> ImageModel:
    """The model in a folder with no graph yet, so that the graph is made by the code as it is now."""
    folder = tmp_path_factory.mktemp("models")
    for asset in (IMAGE_WEIGHTS, IMAGE_LABELS):
        asset.path(folder).symlink_to(asset.path(model_dir))
    return ImageModel(folder)


@pytest.mark.models
@pytest.mark.parametrize(
    ("clip", "first", "expected"),
    [
        ("man-in-car.mp4", 4, {"bow tie", "suit"}),
        ("president-statement.mp4", 4, {"suit", "Windsor tie"}),
        ("clock-then-cat.mp4", 2, {"digital clock", "digital watch"}),
    ],
)
def test_the_likeliest_classes_of_real_clips_are_right(
    model: ImageModel, model_dir: Path, clip: str, first: int, expected: set[str]
) -> None:
    mean = model.look(frames(model_dir, clip)[:first]).probabilities.mean(axis=0)
    assert expected == {model.labels[place] for place in mean.argsort()[-2:]}


@pytest.mark.models
def test_features_of_like_clips_are_nearer_than_of_others(model: ImageModel, model_dir: Path) -> None:
    clips = ["earth-turning.mp4", "earth-short.mp4", "man-in-car.mp4", "street-bikes.mp4", "park.mp4"]
    features = np.stack([model.look(frames(model_dir, clip)).features.mean(axis=0) for clip in clips])
    features -= features.mean(axis=0)
    features /= np.linalg.norm(features, axis=1, keepdims=True)
    near = features @ features.T
    assert near[0, 1] > 0.9
    assert near[0, 2:].max() < 0.3


@pytest.mark.models
def test_the_features_of_a_known_picture_stay_as_they_are(model: ImageModel) -> None:
    """If they change, so does the visual space: it needs a new name, and the stored vectors are of the old one."""
    rows, columns = np.mgrid[0:400, 0:300]
    picture = np.stack([rows % 256, columns % 256, (rows + columns) // 3 % 256], axis=-1).astype(np.uint8)
    features = model.look(picture[np.newaxis]).features[0]
    assert features.argmax() == 966
    np.testing.assert_allclose(features[[966, 1145, 1005, 1100, 302]], [5.957, 4.552, 4.148, 4.129, 3.974], rtol=5e-3)


@pytest.mark.models
@pytest.mark.parametrize("shape", [(1, 1), (1, 400), (1080, 1920), (260, 260)])
def test_frames_of_any_size_are_looked_at(model: ImageModel, shape: tuple[int, int]) -> None:
    looked = model.look(np.full((3, *shape, 3), 90, np.uint8))
    assert looked.probabilities.shape == (3, 1000)
    assert looked.features.shape == (3, 1280)
    assert looked.probabilities.dtype == looked.features.dtype == np.float32
    np.testing.assert_allclose(looked.probabilities.sum(axis=1), 1, rtol=1e-4)


@pytest.mark.models
def test_threads_that_start_together_load_the_model_once(model_dir: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    loads, load = [], image._open

    def counted(graph: Path, threads: int) -> object:
        loads.append(graph)
        return load(graph, threads)

    monkeypatch.setattr(image, "_open", counted)
    model = ImageModel(model_dir)
    assert loads == []
    picture = frames(model_dir, "park.mp4", 1)
    with ThreadPoolExecutor(4) as pool:
        looks = list(pool.map(lambda _: model.look(picture).features, range(4)))
    assert len(loads) == 1
    for features in looks:
        np.testing.assert_allclose(features, looks[0], rtol=1e-4, atol=1e-5)
