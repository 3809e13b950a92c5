"""Which things stand where in a frame: 80 COCO classes, each with a box."""

from __future__ import annotations

from pathlib import Path
from threading import Lock
from typing import NamedTuple

import cv2
import numpy as np
from numpy.typing import NDArray

from reelmill.models.asset import require
from reelmill.models.catalogue import OBJECT_GRAPH, OBJECT_WEIGHTS

SIDE = 300
"""Pixels of the square picture that the network takes (ssd_mobilenet_v2_coco, pipeline.config)."""
LOWEST_SCORE = 0.1
"""Less is noise: the network names some fifty things at 0.01 and above in an empty frame."""

LABELS = {
    1: "person", 2: "bicycle", 3: "car", 4: "motorcycle", 5: "airplane", 6: "bus", 7: "train", 8: "truck",
    9: "boat", 10: "traffic light", 11: "fire hydrant", 13: "stop sign", 14: "parking meter", 15: "bench",
    16: "bird", 17: "cat", 18: "dog", 19: "horse", 20: "sheep", 21: "cow", 22: "elephant", 23: "bear",
    24: "zebra", 25: "giraffe", 27: "backpack", 28: "umbrella", 31: "handbag", 32: "tie", 33: "suitcase",
    34: "frisbee", 35: "skis", 36: "snowboard", 37: "sports ball", 38: "kite", 39: "baseball bat",
    40: "baseball glove", 41: "skateboard", 42: "surfboard", 43: "tennis racket", 44: "bottle",
    46: "wine glass", 47: "cup", 48: "fork", 49: "knife", 50: "spoon", 51: "bowl", 52: "banana", 53: "apple",
    54: "sandwich", 55: "orange", 56: "broccoli", 57: "carrot", 58: "hot dog", 59: "pizza", 60: "donut",
    61: "cake", 62: "chair", 63: "couch", 64: "potted plant", 65: "bed", 67: "dining table", 70: "toilet",
    72: "tv", 73: "laptop", 74: "mouse", 75: "remote", 76: "keyboard", 77: "cell phone", 78: "microwave",
    79: "oven", 80: "toaster", 81: "sink", 82: "refrigerator", 84: "book", 85: "clock", 86: "vase",
    87: "scissors", 88: "teddy bear", 89: "hair drier", 90: "toothbrush",
}  # fmt: skip
"""COCO's classes by their number; the gaps are classes that its pictures never got."""


class Detection(NamedTuple):
    """A thing seen in a frame; the box is in parts of the frame's width and height, from the top left."""

    label: str
    score: float
    x: float
    y: float
    width: float
    height: float


class ObjectModel:
    """SSD MobileNet v2, loaded when first used; many threads may share one, and take turns."""

    def __init__(self, model_dir: Path) -> None:
        """Take the weights from `model_dir`."""
        self._model_dir = model_dir.expanduser()
        self._lock = Lock()
        self._net: cv2.dnn.Net | None = None

    def detect(self, frames: NDArray[np.uint8]) -> list[list[Detection]]:
        """What is in each frame, surest first; shape (n, height, width, 3), RGB. Raises `ModelMissing`.

        The scores are 0.1 to 1. Below about 0.5 it is often wrong.
        """
        return [self._detect(frame) for frame in frames]

    def _detect(self, frame: NDArray[np.uint8]) -> list[Detection]:
        blob = cv2.dnn.blobFromImage(frame, size=(SIDE, SIDE))
        # The network keeps its input between the two calls, so only one thread may be at it.
        with self._lock:
            net = self._load()
            net.setInput(blob)
            rows = net.forward()[0, 0]
        return [_detection(row) for row in rows if row[2] >= LOWEST_SCORE and int(row[1]) in LABELS]

    def _load(self) -> cv2.dnn.Net:
        if self._net is None:
            weights, graph = (require(asset, self._model_dir) for asset in (OBJECT_WEIGHTS, OBJECT_GRAPH))
            cv2.setNumThreads(1)
            self._net = cv2.dnn.readNetFromTensorflow(weights, graph)
        return self._net


def _detection(row: NDArray[np.float32]) -> Detection:
    _, number, score, *corners = row.tolist()
    left, top, right, bottom = (min(max(corner, 0.0), 1.0) for corner in corners)
    return Detection(LABELS[int(number)], score, left, top, right - left, bottom - top)
