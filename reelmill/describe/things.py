"""Observer: people and things, by the object model."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import median

from reelmill.describe.observer import Observation
from reelmill.describe.sample import Sample
from reelmill.models.objects import Detection, ObjectModel
from reelmill.video import Evidence

SEEN = 0.5
"""Score from which a detection counts: below it most were wrong."""
FRAMES_TO_BELIEVE = 2
"""Frames in which a thing must be seen, if the video has as many: a single one is often a slip."""


class ObjectObserver:
    """Runs the object model over the frames."""

    def __init__(self, model: ObjectModel) -> None:
        self._model = model

    def observe(self, sample: Sample) -> Observation:
        """Report what is seen in more than one frame."""
        return judge(self._model.detect(sample.looked_at))


def judge(frames: Sequence[Sequence[Detection]]) -> Observation:
    """Turn each frame's detections into evidence, with the best score that any frame gave, and words."""
    needed = min(FRAMES_TO_BELIEVE, len(frames))
    seen = {label: _counts(frames, label) for label in sorted({d.label for frame in frames for d in frame})}
    found = {label: counts for label, counts in seen.items() if 0 < len(counts) >= needed}
    evidence = tuple(
        Evidence(kind="object", label=_called(label, counts), score=_best(frames, label), frames=len(counts))
        for label, counts in found.items()
    )
    return Observation(evidence, {item.label: item.score * item.frames / len(frames) for item in evidence})


def _counts(frames: Sequence[Sequence[Detection]], label: str) -> list[int]:
    """How many of them are in each frame that has any."""
    counts = (sum(d.label == label and d.score >= SEEN for d in frame) for frame in frames)
    return [count for count in counts if count]


def _best(frames: Sequence[Sequence[Detection]], label: str) -> float:
    return min(1.0, max(d.score for frame in frames for d in frame if d.label == label))


def _called(label: str, counts: Sequence[int]) -> str:
    return "people" if label == "person" and median(counts) >= 2 else label
