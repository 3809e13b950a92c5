"""The controlled list of genres: every describer chooses from it, and nothing else reaches the ledger."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from reelmill.describe.families import load_families
from reelmill.describe.sightings import Sighting
from reelmill.errors import Misuse

MOST = 3
"""Genres a video has at most, as `Description.genres` does."""


class Genre(BaseModel):
    """One entry of the list."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
    name: Annotated[str, Field(min_length=1, max_length=60)]
    description: Annotated[str, Field(min_length=1, max_length=200)]
    shows: frozenset[str] = frozenset()
    """Words of the families that put a video here, for the offline describer."""
    alone: bool = False
    """Whether it is given only when no other genre is."""


class _File(BaseModel):
    model_config = ConfigDict(extra="forbid")

    genre: Annotated[tuple[Genre, ...], Field(min_length=1)]


@dataclass(frozen=True)
class Genres:
    """The list, in the file's order."""

    entries: tuple[Genre, ...]

    @cached_property
    def ids(self) -> frozenset[str]:
        """The ids there are."""
        return frozenset(genre.id for genre in self.entries)

    def of(self, sightings: Sequence[Sighting]) -> tuple[str, ...]:
        """The ids of up to three genres that sure sightings speak for, the likeliest first."""
        sure = {sighting.family: sighting.confidence for sighting in sightings if sighting.sure}
        scores = {genre.id: max((sure.get(word, 0.0) for word in genre.shows), default=0.0) for genre in self.entries}
        ordered = sorted((g for g in self.entries if scores[g.id]), key=lambda genre: -scores[genre.id])
        chosen = [genre for genre in ordered if not genre.alone] or ordered
        return tuple(genre.id for genre in chosen[:MOST])


def default_file() -> Path:
    """The list that ships with Reelmill: beside this module in a wheel, in `config/` in a working copy."""
    shipped = Path(__file__).with_name("genres.toml")
    return shipped if shipped.exists() else Path(__file__).parents[2] / "config" / "genres.toml"


def load_genres(path: Path | None = None) -> Genres:
    """Read the list, the default one for None. Raises `Misuse`, with one sentence saying where, if it is bad."""
    path = path or default_file()
    try:
        entries = _File.model_validate(tomllib.loads(path.read_text("utf-8"))).genre
    except OSError as error:
        raise Misuse(f"The genre list {path} cannot be read: {error.strerror}.") from error
    except ValidationError as error:
        raise Misuse(f"The genre list {path} is not valid: {_first(error)}.") from error
    except ValueError as error:
        raise Misuse(f"The genre list {path} is not TOML in UTF-8: {error}.") from error
    _refuse_repeats(path, [genre.id for genre in entries])
    _refuse_unknown(path, entries, load_families())
    return Genres(entries)


def _first(error: ValidationError) -> str:
    first = error.errors()[0]
    place = " ".join(str(part + 1) if isinstance(part, int) else part for part in first["loc"])
    message = re.sub(r"^Value error, ", "", first["msg"])
    return f"{place}: {message[0].lower()}{message[1:]}"


def _refuse_repeats(path: Path, ids: Sequence[str]) -> None:
    repeated = sorted({genre_id for genre_id in ids if ids.count(genre_id) > 1})
    if repeated:
        raise Misuse(f"The genre list {path} has more than one genre {repeated[0]!r}.")


def _refuse_unknown(path: Path, entries: Collection[Genre], families: Mapping[str, object]) -> None:
    for genre in entries:
        unknown = sorted(genre.shows - families.keys())
        if unknown:
            raise Misuse(f"The genre list {path} lets {genre.id!r} show {unknown[0]!r}, which is no family of things.")
