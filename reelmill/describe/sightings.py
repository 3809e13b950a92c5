"""Weigh what the observers report against each other: what is there, and how sure is that."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from math import sqrt

from reelmill.describe.families import Family, families_by_object, load_families, with_article
from reelmill.video import Evidence

SURE = 0.5
"""Confidence from which a sentence says that something is there."""
POSSIBLE = 0.25
"""Confidence from which it says that something may be there."""
PERSON = "person"
AGREED = 0.15
"""Probability of a family, by the image model, from which it bears out an object of that family."""
IN_DRAWINGS = 0.45
"""Greatest confidence of anything but the drawing itself in a drawn picture."""
UNCONFIRMED = 0.4
"""What an object's confidence is multiplied by when the image model does not bear it out and its family is not
trusted: of 18 such on the clips tried, 10 were wrong, one of them with a score of 1.0."""


@dataclass(frozen=True)
class Sighting:
    """One thing that is, or may be, in the video."""

    word: str
    said: str
    """How a sentence puts it."""
    family: str
    """The family's word, or the thing's own where it is in none."""
    confidence: float
    worn: bool = False
    """Whether it goes without saying where somebody is seen: clothes."""

    @property
    def sure(self) -> bool:
        """Whether it may be claimed."""
        return self.confidence >= SURE


def weigh(evidence: Iterable[Evidence], looked_at: int) -> list[Sighting]:
    """One sighting for each family, surest first; `looked_at` is how many frames the models saw."""
    items = list(evidence)
    whole = {item.label: item.score for item in items if item.kind in ("image", "graphics")}
    objects = [_object(item, whole, looked_at) for item in items if item.kind == "object"]
    families = {sighting.family for sighting in objects}
    scenes = [_scene(word, score) for word, score in whole.items() if word not in families]
    sightings = [*objects, *scenes]
    if drawing := {item.label for item in items if item.kind == "graphics"}:
        sightings = [sighting if sighting.word in drawing else _doubted(sighting) for sighting in sightings]
    best: dict[str, Sighting] = {}
    for sighting in sorted(sightings, key=lambda s: (-s.confidence, s.word)):
        best.setdefault(sighting.family, sighting)
    return [sighting for sighting in best.values() if sighting.confidence >= POSSIBLE]


def _object(item: Evidence, whole: dict[str, float], looked_at: int) -> Sighting:
    family = families_by_object().get(item.label)
    # The root is kinder than the share itself: a thing need not be in view all the time.
    strength = item.score * sqrt(min(1.0, item.frames / max(looked_at, 1)))
    word = family.word if family else item.label
    confidence = _believed(strength, family, whole.get(word, 0.0))
    return Sighting(item.label, with_article(item.label), word, confidence, bool(family and family.worn))


def _doubted(sighting: Sighting) -> Sighting:
    """What the models see in a drawn picture: possible at best, for they know filmed ones only."""
    return replace(sighting, confidence=min(sighting.confidence, IN_DRAWINGS))


def _believed(strength: float, family: Family | None, probability: float) -> float:
    """Two models that agree are both wrong only if each is: 1 - (1 - a)(1 - b)."""
    if probability >= AGREED:
        return 1 - (1 - strength) * (1 - probability)
    return strength if family and family.trusted else strength * UNCONFIRMED


def _scene(word: str, score: float) -> Sighting:
    family = load_families().get(word)
    said = family.said if family else with_article(word)
    return Sighting(word, said, word, score, bool(family and family.worn))


def worth_telling(sightings: Sequence[Sighting]) -> list[Sighting]:
    """The same, people before things, and without their clothes where somebody is surely seen."""
    somebody = any(sighting.family == PERSON and sighting.sure for sighting in sightings)
    told = [sighting for sighting in sightings if not (somebody and sighting.worn)]
    return sorted(told, key=lambda sighting: sighting.family != PERSON)
