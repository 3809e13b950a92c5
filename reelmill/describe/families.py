"""Families of things: which classes of the image model and which objects mean the same word."""

from __future__ import annotations

import tomllib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import chain
from pathlib import Path

FAMILIES_FILE = Path(__file__).with_name("families.toml")


@dataclass(frozen=True)
class Family:
    """One word for many classes."""

    word: str
    said: str
    """How a sentence puts it: `a dog`, `furniture`."""
    columns: tuple[tuple[int, int], ...]
    """Ranges of the image model's classes by number, both ends included."""
    classes: frozenset[str]
    """Single classes of the image model, by label."""
    objects: frozenset[str]
    """Classes of the object model, by label."""
    trusted: bool
    """Whether the object model is believed without the image model agreeing."""
    worn: bool
    """Whether it goes without saying where somebody is seen."""

    def columns_among(self, labels: Sequence[str]) -> list[int]:
        """The columns of the image model's probabilities that belong to this family."""
        ranges = chain.from_iterable(range(first, last + 1) for first, last in self.columns)
        return [*ranges, *(column for column, label in enumerate(labels) if label in self.classes)]


@cache
def load_families() -> Mapping[str, Family]:
    """The families that ship with Reelmill, by their word."""
    entries = tomllib.loads(FAMILIES_FILE.read_text("utf-8"))["family"]
    return {entry["word"]: _family(**entry) for entry in entries}


@cache
def families_by_object() -> Mapping[str, Family]:
    """The family of each class of the object model that is in one."""
    return {label: family for family in load_families().values() for label in family.objects}


def _family(
    word: str,
    said: str | None = None,
    columns: Sequence[tuple[int, int]] = (),
    classes: Sequence[str] = (),
    objects: Sequence[str] = (),
    trusted: bool = False,
    worn: bool = False,
) -> Family:
    """One entry of the file; its keys are the parameters, so a misspelt one is refused."""
    return Family(
        word=word,
        said=said or with_article(word),
        columns=tuple((first, last) for first, last in columns),
        classes=frozenset(classes),
        objects=frozenset(objects),
        trusted=trusted,
        worn=worn,
    )


def with_article(word: str) -> str:
    """The word as a sentence puts it: `a dog`, `an elephant`, but `people` and `scissors`."""
    if word == "people" or (word.endswith("s") and not word.endswith(("ss", "us"))):
        return word
    return f"{'an' if word[0].lower() in 'aeiou' else 'a'} {word}"
