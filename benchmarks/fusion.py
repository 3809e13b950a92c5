"""Where `recommend/fuse.py` has its constants from: each space's similarities by chance, and the curve over weights.

`python -m benchmarks.fusion --clips DIR`, DIR as for `benchmarks.retrieval`. The queries of each class are dealt to
two halves; the weight that is best for one half is no better than luck unless it also serves the other.
"""

from __future__ import annotations

import sys
from collections.abc import Mapping, Sequence
from functools import partial
from itertools import combinations
from pathlib import Path
from statistics import fmean, pstdev
from tempfile import TemporaryDirectory
from uuid import UUID

from benchmarks.labelled_clips import Clip, Engine, labels_of, through_the_engine
from benchmarks.report import Cell, Report, parser, publish
from reelmill.recommend.evaluate import leave_one_out, summary, worth_asking
from reelmill.recommend.fuse import WEIGHTS, fuse, scale_of
from reelmill.video import Space

KS = (1, 3)
GRID = tuple(step / 20 for step in range(21))
MOST_LOST = 0.05
"""Precision at 3 that the weights in use may lose, on either half, to the best weight for that half."""

Clips = Mapping[UUID, Clip]


def main() -> int:
    """Measure, print, and exit 0 when the weights in use are near enough to the best."""
    options = parser(__doc__ or "", clips=True)
    options.add_argument("--cache", type=Path, metavar="DIR", help="keep what the engine makes of each clip")
    asked = options.parse_args()
    with TemporaryDirectory() as scratch:
        engine = Engine(asked.cache or Path(scratch))
        made = dict(through_the_engine(asked.clips, engine))
    ids = {name: UUID(int=number) for number, name in enumerate(made)}
    labels = worth_asking({ids[name]: label for name, label in labels_of(asked.clips).items() if name in ids})
    return publish(report(labels, {ids[name]: clip for name, clip in made.items()}, engine.spaces), as_json=asked.json)


def report(labels: Mapping[UUID, str], clips: Clips, spaces: Sequence[Space]) -> Report:
    """The curve on each half, and what the weights in use lose to the best."""
    rows = [_row(labels, clips, weight) for weight in GRID]
    in_use = _row(labels, clips, WEIGHTS["text"])
    lost = max(max(row[half] for row in rows) - in_use[half] for half in ("P@3 one half", "P@3 other half"))
    return Report(
        name="fusion",
        goal=f"text weight {WEIGHTS['text']} loses <= {MOST_LOST} P@3 to the best weight of either half",
        value=lost,
        ok=lost <= MOST_LOST,
        rows=rows,
        inputs={"clips": len(labels)} | _by_chance(labels, clips, spaces),
    )


def _row(labels: Mapping[UUID, str], clips: Clips, text_weight: float) -> dict[str, float]:
    weights = {"text": text_weight, "visual": 1 - text_weight}
    precision = leave_one_out(labels, partial(_ranking, clips, weights), KS)
    ordered = sorted(labels, key=lambda item: (labels[item], item))
    halves = {"one half": ordered[::2], "other half": ordered[1::2], "all": ordered}
    return {"text weight": text_weight} | {
        f"P@{k} {half}": summary(labels, {item: precision[item] for item in items}).precision[k]
        for half, items in halves.items()
        for k in KS
    }


def _ranking(clips: Clips, weights: Mapping[str, float], asked: UUID) -> list[UUID]:
    similarities = {
        space: {
            other: float(vector @ clip.vectors[space])
            for other, clip in clips.items()
            if other != asked and space in clip.vectors
        }
        for space, vector in clips[asked].vectors.items()
        if weights[space.kind]
    }
    return [candidate.video_id for candidate in fuse(similarities, weights)]


def _by_chance(labels: Mapping[UUID, str], clips: Clips, spaces: Sequence[Space]) -> dict[str, Cell]:
    """By space, the mean similarity of two clips of different classes, and how far it strays once corrected."""
    figures: dict[str, Cell] = {}
    for space in spaces:
        vectors = {item: clips[item].vectors[space] for item in labels if space in clips[item].vectors}
        found = [float(vectors[a] @ vectors[b]) for a, b in combinations(vectors, 2) if labels[a] != labels[b]]
        figures[f"chance in {space.name}"] = fmean(found)
        figures[f"corrected, deviation in {space.name}"] = pstdev(map(scale_of(space).corrected, found))
    return figures


if __name__ == "__main__":
    sys.exit(main())
