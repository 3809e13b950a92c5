"""Labelled clips through the real engine: what retrieval is measured on.

A folder of clips with a `labels.csv` that has at least the columns `file` and `class`.
"""

from __future__ import annotations

import csv
import hashlib
import json
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np

from reelmill import parts
from reelmill.errors import ReelmillError
from reelmill.recommend.evaluate import worth_asking
from reelmill.settings import Settings
from reelmill.video import Description, Space, Vector

NO_CLASS = ("format", "misc")
"""Labels of clips that are there for their format, or for being unlike the others."""


@dataclass(frozen=True)
class Clip:
    """What the engine made of one clip."""

    description: Description
    vectors: Mapping[Space, Vector]


class Engine:
    """The stages before the index, in process, each clip's result kept by the hash of its bytes."""

    def __init__(self, cache: Path) -> None:
        settings = Settings()
        self._transcoder = parts.transcoder(settings)
        self._describer = parts.describer(settings)
        self._text = parts.text_embedder()
        self._visual = parts.visual_embedder(settings)
        self._cache = cache
        self.spaces = (self._text.space, self._visual.space)
        self._made_by = "-".join([self._describer.name, *(space.name for space in self.spaces)])

    def clip(self, path: Path) -> Clip:
        """The clip's description and vectors, made now or before."""
        kept = self._cache / f"{hashlib.sha256(path.read_bytes()).hexdigest()}-{self._made_by}.json"
        if not kept.exists():
            kept.write_text(json.dumps(_packed(self._made(path))))
        return self._unpacked(json.loads(kept.read_text()))

    def _made(self, path: Path) -> Clip:
        with TemporaryDirectory() as folder:
            proxy = self._transcoder.transcode(str(path.resolve()), Path(folder), _no_beat).proxy
            description = self._describer.describe(proxy, _no_beat)
            vectors: dict[Space, Vector] = {self._visual.space: self._visual.embed(proxy, _no_beat)}
        if description.index_text:
            [vectors[self._text.space]] = self._text.embed_documents([description.index_text])
        return Clip(description, vectors)

    def _unpacked(self, kept: Mapping[str, Mapping[str, list[float]]]) -> Clip:
        vectors = {
            space: np.asarray(kept["vectors"][space.name], np.float32)
            for space in self.spaces
            if space.name in kept["vectors"]
        }
        return Clip(Description.model_validate(kept["description"]), vectors)


def labels_of(folder: Path) -> dict[str, str]:
    """The class of each file whose class has others to be found."""
    with (folder / "labels.csv").open(newline="") as rows:
        labels = {row["file"]: row["class"] for row in csv.DictReader(rows)}
    return worth_asking(labels, without=NO_CLASS)


def through_the_engine(folder: Path, engine: Engine) -> Iterator[tuple[str, Clip]]:
    """Each labelled file with what the engine made of it; those that it cannot read are named on stderr."""
    for name in labels_of(folder):
        try:
            yield name, engine.clip(folder / name)
        except ReelmillError as error:
            print(f"left out {name}: {error}", file=sys.stderr)


def _packed(clip: Clip) -> dict[str, object]:
    vectors = {space.name: vector.tolist() for space, vector in clip.vectors.items()}
    return {"description": clip.description.model_dump(mode="json"), "vectors": vectors}


def _no_beat() -> None:
    pass
