"""The image model's ONNX file: made from the weights once, and kept beside them."""

from __future__ import annotations

from pathlib import Path

from reelmill.models.asset import require
from reelmill.models.catalogue import IMAGE_WEIGHTS
from reelmill.models.torch_file import read_tensors
from reelmill.models.unpack import write_whole

GRAPH = "efficientnet-lite2-9656183e.v1.onnx"
"""Raise the version when `efficientnet.build` makes another graph, so that an old file is not taken for it."""


def image_graph(model_dir: Path) -> Path:
    """The ONNX file's path; it is made first if it is not there. Raises `ModelMissing` without the weights."""
    path = model_dir / GRAPH
    if not path.is_file():
        weights = require(IMAGE_WEIGHTS, model_dir)
        write_whole(path, lambda part: part.write_bytes(_onnx(weights)))
    return path


def _onnx(weights: Path) -> bytes:
    # The onnx package takes a while to import and is needed this once, so it is not imported with the model.
    from reelmill.models.efficientnet import build

    return bytes(build(read_tensors(weights)).SerializeToString())
