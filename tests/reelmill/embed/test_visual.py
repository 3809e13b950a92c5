from pathlib import Path

import numpy as np
import pytest

from reelmill.embed.visual import VISUAL_SPACE, VisualEmbedder, centred, evened, space_mean
from reelmill.errors import ModelMissing
from reelmill.media.limits import MediaLimits
from reelmill.media.transcode import CpuTranscoder
from reelmill.models.catalogue import sample_clips
from reelmill.ports import VisualEmbedder as Port
from reelmill.video import Vector
from tests.reelmill.media.clips import Transcode


def test_the_mean_is_of_the_spaces_size_and_cannot_be_changed() -> None:
    mean = space_mean()
    assert (mean.shape, mean.dtype) == ((VISUAL_SPACE.dimensions,), np.float32)
    assert np.all(mean >= 0)
    assert np.linalg.norm(mean) > 1
    with pytest.raises(ValueError, match="read-only"):
        mean[0] = 1


def test_frames_are_averaged_before_the_root() -> None:
    features = np.array([[0.0, 2.0], [2.0, 6.0]], np.float32)
    assert evened(features) == pytest.approx([1.0, 2.0])


def test_a_vector_points_away_from_the_mean_with_unit_length() -> None:
    vector = centred(np.array([1.0, 4.0], np.float32), np.array([1.0, 1.0], np.float32))
    assert vector == pytest.approx([0.0, 1.0])
    assert vector.dtype == np.float32


def test_the_mean_itself_has_no_direction_and_does_no_harm() -> None:
    mean = space_mean()
    assert not centred(mean, mean).any()


def test_missing_weights_are_told(landscape: Path, transcode: Transcode, tmp_path: Path) -> None:
    embedder: Port = VisualEmbedder(tmp_path / "no models", limits=MediaLimits())
    with pytest.raises(ModelMissing):
        embedder.embed(transcode(landscape).proxy, lambda: None)


@pytest.mark.models
def test_a_clip_has_one_vector_and_its_copy_a_near_one(
    model_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    embedder = VisualEmbedder(model_dir, limits=MediaLimits())
    clips = {path.name: path for path in sample_clips(model_dir)}

    def embedded(name: str) -> Vector:
        made = CpuTranscoder(MediaLimits()).transcode(str(clips[name]), tmp_path_factory.mktemp("proxy"), lambda: None)
        return embedder.embed(made.proxy, lambda: None)

    man, again, coarse, rabbit = map(
        embedded, ["man-in-car.mp4", "man-in-car.mp4", "man-in-car-coarse.mp4", "cartoon-rabbit.mp4"]
    )
    assert np.array_equal(man, again)
    assert np.linalg.norm(man) == pytest.approx(1, abs=1e-5)
    assert man @ coarse > man @ rabbit + 0.3
