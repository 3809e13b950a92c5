"""How good a ranking is: precision among the first k, each labelled video asked in turn for the others."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from statistics import fmean
from typing import TypeVar

Item = TypeVar("Item", bound=Hashable)


@dataclass(frozen=True)
class Score:
    """How one group of queries did."""

    group: str
    """The class, or `all`."""
    queries: int
    precision: Mapping[int, float]
    """By k: the mean share of the first k that are of the query's class, 0..1. A short answer counts as k."""
    chance: float
    """The precision of a random order, at any k: the share of the query's class among the others."""


def leave_one_out(
    labels: Mapping[Item, str], rank: Callable[[Item], Sequence[Item]], ks: Sequence[int] = (1, 3)
) -> dict[Item, dict[int, float]]:
    """Each item's precision by k: of the first k that `rank` gives for it, how many have its label.

    `rank` may give the item itself and ones without a label; they are passed over.
    """
    return {item: _precision(labels, item, rank(item), ks) for item in labels}


def summary(labels: Mapping[Item, str], precision: Mapping[Item, Mapping[int, float]], group: str = "all") -> Score:
    """The mean over the items in `precision`, which may be some of the labelled ones."""
    sizes = Counter(labels.values())
    ks = next(iter(precision.values())).keys()
    return Score(
        group=group,
        queries=len(precision),
        precision={k: fmean(of_one[k] for of_one in precision.values()) for k in ks},
        chance=fmean((sizes[labels[item]] - 1) / (len(labels) - 1) for item in precision),
    )


def by_class(labels: Mapping[Item, str], precision: Mapping[Item, Mapping[int, float]]) -> list[Score]:
    """One score for each class, in the order of their names."""
    return [
        summary(labels, {item: precision[item] for item in precision if labels[item] == label}, label)
        for label in sorted(set(labels.values()))
    ]


def worth_asking(labels: Mapping[Item, str], without: Sequence[str] = ()) -> dict[Item, str]:
    """The labels less those named and those of fewer than two items, whose queries have no right answer."""
    sizes = Counter(labels.values())
    return {item: label for item, label in labels.items() if label not in without and sizes[label] > 1}


def _precision(labels: Mapping[Item, str], item: Item, ranking: Sequence[Item], ks: Sequence[int]) -> dict[int, float]:
    right = [labels[other] == labels[item] for other in ranking if other in labels and other != item]
    return {k: sum(right[:k]) / k for k in ks}
