"""The seam of the offline describer: an observer looks for one kind of thing.

Speech, text in the picture or sounds are each one more file with one more class, added to the list that
`offline.observers` returns.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Protocol

from reelmill.describe.sample import Sample
from reelmill.video import Evidence


@dataclass(frozen=True)
class Observation:
    """What one observer found."""

    evidence: tuple[Evidence, ...] = ()
    words: Mapping[str, float] = field(default_factory=dict)
    """Words about the content for the text vector, each with a weight of 0 to 1."""


class Observer(Protocol):
    """Looks for one kind of thing."""

    def observe(self, sample: Sample) -> Observation:
        """Say what is there. Raises `ModelMissing` when its weights are not installed."""
        ...
