from pathlib import Path

import pytest

from reelmill.errors import ModelMissing
from reelmill.models.catalogue import IMAGE_WEIGHTS
from reelmill.models.graph import image_graph


def test_without_weights_there_is_no_graph_and_nothing_is_left(tmp_path: Path) -> None:
    with pytest.raises(ModelMissing):
        image_graph(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.models
def test_a_graph_is_made_once_and_made_anew_when_it_is_gone(model_dir: Path, tmp_path: Path) -> None:
    IMAGE_WEIGHTS.path(tmp_path).symlink_to(IMAGE_WEIGHTS.path(model_dir))
    graph = image_graph(tmp_path)
    made = graph.stat().st_mtime_ns
    assert image_graph(tmp_path).stat().st_mtime_ns == made
    first = graph.read_bytes()
    graph.unlink()
    assert image_graph(tmp_path).read_bytes() == first
