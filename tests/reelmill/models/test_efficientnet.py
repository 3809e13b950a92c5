from typing import Any

import numpy as np
import onnxruntime
import pytest
from numpy.typing import NDArray

from reelmill.models.efficientnet import BLOCKS, build

Weights = dict[str, NDArray[Any]]


def convolution(weights: Weights, rng: np.random.Generator, conv: str, norm: str, *shape: int) -> None:
    weights[f"{conv}.weight"] = rng.normal(size=shape).astype(np.float32)
    for part in ("weight", "bias", "running_mean"):
        weights[f"{norm}.{part}"] = rng.normal(size=shape[0]).astype(np.float32)
    weights[f"{norm}.running_var"] = rng.uniform(0.5, 2, size=shape[0]).astype(np.float32)


@pytest.fixture
def weights() -> Weights:
    """A network of the right form, but with two channels everywhere and random numbers."""
    rng = np.random.default_rng(7)
    made: Weights = {}
    convolution(made, rng, "_conv_stem", "_bn0", 2, 3, 3, 3)
    for index in range(BLOCKS):
        block = f"_blocks.{index}."
        if index:
            convolution(made, rng, f"{block}_expand_conv", f"{block}_bn0", 4, 2, 1, 1)
        convolution(made, rng, f"{block}_depthwise_conv", f"{block}_bn1", 4 if index else 2, 1, 3, 3)
        convolution(made, rng, f"{block}_project_conv", f"{block}_bn2", 2, 4 if index else 2, 1, 1)
    convolution(made, rng, "_conv_head", "_bn1", 1280, 2, 1, 1)
    made["_fc.weight"] = rng.normal(size=(1000, 1280)).astype(np.float32)
    made["_fc.bias"] = rng.normal(size=1000).astype(np.float32)
    return made


def run(weights: Weights, frames: NDArray[np.uint8]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    session = onnxruntime.InferenceSession(build(weights).SerializeToString(), providers=["CPUExecutionProvider"])
    probabilities, features = session.run(["probabilities", "features"], {"frames": frames})
    return probabilities, features


def test_the_graph_gives_probabilities_and_features_of_each_frame(weights: Weights) -> None:
    frames = np.random.default_rng(8).integers(0, 256, (2, 260, 260, 3), np.uint8)
    probabilities, features = run(weights, frames)
    assert probabilities.shape == (2, 1000)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1, rtol=1e-5)
    assert features.shape == (2, 1280)
    assert features.min() >= 0
    assert features.max() <= 6


def test_weights_that_lack_a_layer_make_no_graph(weights: Weights) -> None:
    del weights["_blocks.20._project_conv.weight"]
    with pytest.raises(KeyError, match="project"):
        build(weights)
