"""Pure scoring: one ranking from the similarities in several spaces."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from math import pi, sqrt
from uuid import UUID

from reelmill.video import Space

WEIGHTS: Mapping[str, float] = {"text": 0.35, "visual": 0.65}
"""What a space of each kind counts for; they add up to 1. These let both spaces sway a score equally: they are in
proportion to 1 / the standard deviation, 0.27 and 0.14, of the chance-corrected similarity of two clips of different
classes. A grid agrees, and is flat about them: `benchmarks/fusion.py` gives the deviations and the whole curve."""


@dataclass(frozen=True)
class Scale:
    """Where a space's similarities begin and end, which differs from model to model."""

    chance: float
    """The mean similarity of two videos picked at random."""
    same: float
    """The similarity of a video with itself."""

    def corrected(self, similarity: float) -> float:
        """The similarity with chance taken out: 0 for any two videos, 1 for the same one, below 0 for opposites."""
        # Half precision puts some videos a little nearer to themselves than they can be.
        return min(1.0, (similarity - self.chance) / (self.same - self.chance))


@dataclass(frozen=True)
class Fused:
    """A candidate and its score, at most 1, with the part each kind of space had in it."""

    video_id: UUID
    score: float
    parts: Mapping[str, float]
    """The chance-corrected similarity by kind of space; a kind in which it has no vector is missing."""


MEASURED: Mapping[str, Scale] = {
    "text_use_m3_v1": Scale(chance=0.23, same=1.0),
    "visual_efficientnet_lite2_v1": Scale(chance=-0.03, same=1.0),
}
"""Scales by the name of the space, from clips of different classes (`benchmarks/fusion.py`)."""


def scale_of(space: Space) -> Scale:
    """The space's measured scale, else that of vectors that lie at right angles when picked at random.

    Vectors are of unit length, so that two at right angles are sqrt(2) apart by L2, and, their coordinates'
    differences being near to normal with variance 2/d, about d * sqrt(2/d) * sqrt(2/pi) by L1.
    """
    if space.name in MEASURED:
        return MEASURED[space.name]
    match space.metric:
        case "l2":
            return Scale(chance=-sqrt(2), same=0.0)
        case "l1":
            return Scale(chance=-2 * sqrt(space.dimensions / pi), same=0.0)
        case _:
            return Scale(chance=0.0, same=1.0)


def fuse(similarities: Mapping[Space, Mapping[UUID, float]], weights: Mapping[str, float] = WEIGHTS) -> list[Fused]:
    """All candidates, best first, ties in the order of their ids.

    The score is the weighted mean of the chance-corrected similarities in those spaces that have the candidate,
    so that one without a vector in a space is judged by the others alone, on the same scale.
    """
    parts: dict[UUID, dict[str, float]] = {}
    for space, found in similarities.items():
        scale = scale_of(space)
        for video_id, similarity in found.items():
            parts.setdefault(video_id, {})[space.kind] = scale.corrected(similarity)
    fused = [Fused(video_id, _weighted_mean(of_it, weights), of_it) for video_id, of_it in parts.items()]
    return sorted(fused, key=lambda candidate: (-candidate.score, candidate.video_id))


def _weighted_mean(parts: Mapping[str, float], weights: Mapping[str, float]) -> float:
    # Summed in one order, for a float sum depends on it and equal candidates must score the same.
    kinds = sorted(parts)
    return sum(weights[kind] * parts[kind] for kind in kinds) / sum(weights[kind] for kind in kinds)
