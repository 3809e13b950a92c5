"""What a frame shows as a whole: 1000 ImageNet classes, and the features that a visual vector is made from."""

from __future__ import annotations

import json
from functools import cached_property
from pathlib import Path
from threading import Lock
from typing import Any, NamedTuple

import cv2
import numpy as np
import onnxruntime
from numpy.typing import NDArray

from reelmill.models.asset import require
from reelmill.models.catalogue import IMAGE_LABELS
from reelmill.models.graph import image_graph

SIDE = 260
"""Pixels of the square picture that the network takes."""


class Looked(NamedTuple):
    """What the model makes of n frames."""

    probabilities: NDArray[np.float32]
    """Shape (n, 1000), each row sums to 1; the columns are `ImageModel.labels`."""
    features: NDArray[np.float32]
    """Shape (n, 1280), from 0 to 6: the last activations before the classes, averaged over the picture."""


class ImageModel:
    """EfficientNet-Lite2, loaded when first used; threads may share one."""

    def __init__(self, model_dir: Path, *, threads: int = 1) -> None:
        """Use the weights in `model_dir`. A look takes one thread by default: many processes share a machine."""
        self._model_dir = model_dir.expanduser()
        self._threads = threads
        self._lock = Lock()
        self._session: Any = None

    @cached_property
    def labels(self) -> tuple[str, ...]:
        """The 1000 classes in English, some with a note in brackets that tells two apart. Raises `ModelMissing`."""
        return tuple(json.loads(require(IMAGE_LABELS, self._model_dir).read_text("utf-8")))

    def look(self, frames: NDArray[np.uint8]) -> Looked:
        """Look at each frame; shape (n, height, width, 3), RGB, n at least 1. Raises `ModelMissing`."""
        session = self._load()
        # Frames together take no less time than one by one (21 ms each), and twice the memory.
        looks = [_run(session, frame) for frame in frames]
        return Looked(*(np.concatenate(parts) for parts in zip(*looks, strict=True)))

    def _load(self) -> Any:
        with self._lock:
            if self._session is None:
                self._session = _open(image_graph(self._model_dir), self._threads)
            return self._session


def _open(graph: Path, threads: int) -> Any:
    cv2.setNumThreads(1)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    # Threads that wait by spinning would take the cores from the other processes.
    options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    return onnxruntime.InferenceSession(str(graph), options, providers=["CPUExecutionProvider"])


def _run(session: Any, frame: NDArray[np.uint8]) -> Looked:
    """Look at one frame, the whole of it squeezed into a square.

    On 32 labelled clips of eight kinds, the nearest by features were of the same kind with a mean average
    precision of 0.87; of 0.80 with the middle square only, and 0.81 with three squares at three times the cost.
    """
    square = cv2.resize(frame, (SIDE, SIDE), interpolation=cv2.INTER_AREA)
    return Looked(*session.run(["probabilities", "features"], {"frames": square[np.newaxis]}))
