"""What a video is on its way through the mill: stages, states, and what each stage makes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal
from uuid import UUID

import numpy as np
from numpy.typing import NDArray
from pydantic import BaseModel, ConfigDict, Field

if TYPE_CHECKING:
    from psycopg import Connection

Vector = NDArray[np.float32]
"""A vector of a space: shape (dimensions,), float32, unit length."""


class Stage(StrEnum):
    """The four stages, in the order in which a video passes them."""

    TRANSCODE = "transcode"
    DESCRIBE = "describe"
    EMBED = "embed"
    INDEX = "index"


STAGE_VERSION: Mapping[Stage, int] = {
    Stage.TRANSCODE: 1,
    Stage.DESCRIBE: 1,
    Stage.EMBED: 1,
    Stage.INDEX: 1,
}
"""Raised when a stage's result changes in kind: done means done in this version.

Only that stage is then done again: raise those that read its result with it, if they shall see the new one.
"""


class State(StrEnum):
    """How far a video is. The last four are final."""

    QUEUED = "queued"
    TRANSCODED = "transcoded"
    DESCRIBED = "described"
    EMBEDDED = "embedded"
    INDEXED = "indexed"
    FAILED = "failed"
    BLOCKED = "blocked"
    DUPLICATE = "duplicate"


NEXT_STAGE: Mapping[State, Stage] = {
    State.QUEUED: Stage.TRANSCODE,
    State.TRANSCODED: Stage.DESCRIBE,
    State.DESCRIBED: Stage.EMBED,
    State.EMBEDDED: Stage.INDEX,
}
"""The stage an unfinished video waits for; a final state is not in it."""

STATES: tuple[State, ...] = (*NEXT_STAGE, State.INDEXED)
"""The states on the way, in order: one before each stage, and one after the last."""

FINAL: frozenset[State] = frozenset({State.INDEXED, State.FAILED, State.BLOCKED, State.DUPLICATE})


@dataclass(frozen=True)
class Video:
    """One upload, as the ledger knows it."""

    id: UUID
    tenant: str
    source: str
    """A URI, or for a local file its absolute path."""
    version: str
    """The source's version or etag: the same source with another version is another video."""
    state: State


@dataclass(frozen=True)
class Box:
    """A rectangle in pixels."""

    x: int
    y: int
    width: int
    height: int


@dataclass(frozen=True)
class Proxy:
    """The small copy of a video that models watch: 1024x1024 with padding, one frame a second."""

    path: Path
    frames: int
    duration_s: float
    content: Box
    """The part of the square that is picture; the rest is padding."""
    has_audio: bool


class Tag(BaseModel):
    """One word or phrase about a video, with how sure the describer is of it."""

    model_config = ConfigDict(frozen=True)

    name: Annotated[str, Field(min_length=1, max_length=60)]
    confidence: Annotated[float, Field(ge=0, le=1)]


class Evidence(BaseModel):
    """One thing a describer saw or measured, from which it drew its words."""

    model_config = ConfigDict(frozen=True)

    kind: str
    """What found it: `image` (a class of the whole frame), `object`, `colour`, `motion`, `loudness` ..."""
    label: str
    score: float
    frames: int = 0
    """In how many of the looked-at frames it was found; 0 where that means nothing."""


class Description(BaseModel):
    """What a describer says of one video."""

    model_config = ConfigDict(frozen=True)

    title: Annotated[str, Field(min_length=1, max_length=120)]
    genres: Annotated[tuple[str, ...], Field(max_length=3)]
    """Ids from `config/genres.toml`, the likeliest first."""
    description: Annotated[str, Field(max_length=1000)]
    tags: Annotated[tuple[Tag, ...], Field(max_length=20)]
    evidence: tuple[Evidence, ...] = ()
    index_text: Annotated[str, Field(max_length=4000)] = ""
    """What the text vector is made from: words about the content alone, none of a sentence template, for a
    template's words make all videos look alike. Empty when the describer is sure of nothing."""


@dataclass(frozen=True)
class Space:
    """A vector space: vectors compare only with others of the same space.

    A new model, or a new mean to centre by, is a new space.
    """

    name: str
    """Versioned, `[a-z0-9_]+`, for instance `text_use_m3_v1`; the index table is named for it."""
    kind: Literal["text", "visual"]
    dimensions: int
    metric: Literal["cosine", "inner_product", "l2", "l1"] = "cosine"


@dataclass(frozen=True)
class SourceFacts:
    """What probing told about an upload."""

    content_hash: str
    """sha256 of the bytes, hex."""
    size_bytes: int
    container: str
    codec: str
    width: int
    height: int
    """Pixels as shown, after rotation and sample aspect ratio."""
    rotation: int
    """Degrees clockwise that a player turns the picture by: 0, 90, 180 or 270."""
    fps: float
    duration_s: float
    has_audio: bool


@dataclass(frozen=True)
class Transcoded:
    """What the transcode made, and how."""

    source: SourceFacts
    proxy: Proxy
    poster: Path
    rung: str
    """Which rung of the ladder made it: `cpu`, later `gpu` or `gpu_decode`."""
    sampling: str
    """How the frames were chosen: `full` decoding, later `exact` or `keyframe`."""
    cpu_s: float
    """CPU seconds of the child processes, user and system, by the parent's rusage."""
    wall_s: float


@dataclass(frozen=True)
class StoredProxy:
    """A proxy as the ledger knows it: where it lies in the blob store, and its facts."""

    blob_key: str
    """The folder of `proxy.mp4` and `poster.jpg`."""
    frames: int
    duration_s: float
    content: Box
    has_audio: bool
    source: SourceFacts

    def at(self, path: Path) -> Proxy:
        """The proxy, once its bytes can be read at `path`."""
        return Proxy(path, self.frames, self.duration_s, self.content, self.has_audio)


@dataclass(frozen=True)
class StageResult:
    """What a stage hands to the ledger with its commit: all of it is written, or none."""

    facts: Mapping[str, Any] = field(default_factory=dict)
    """JSON values worth keeping about how it was done: rung, sampling, model, tokens."""
    proxy: StoredProxy | None = None
    description: Description | None = None
    vectors: Mapping[Space, Vector] = field(default_factory=dict)
    within: Callable[[Connection[Any]], None] | None = None
    """Further writes inside the commit's transaction, after the fence has held."""
