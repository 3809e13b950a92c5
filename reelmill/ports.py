"""What a stage needs from outside, as Protocols: a new provider or store is one file behind one of these.

`reelmill.testing` has an in-memory twin of each.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

from psycopg import Connection

from reelmill.video import Description, Proxy, Space, Transcoded, Vector

Beat = Callable[[], None]
"""Called whenever work has visibly moved on. The lease is renewed only while it is called."""


class BlobStore(Protocol):
    """Where proxies and posters are kept, by key (`<video id>/<name>`)."""

    def put_folder(self, key: str, folder: Path) -> None:
        """Make the folder's files appear under `key/`, all at once or not at all."""
        ...

    def local(self, key: str) -> AbstractContextManager[Path]:
        """Give a local path that reads the object's bytes while the context is open.

        Raises `SourceMissing` when there is no such object.
        """
        ...

    def folders(self, video_id: UUID) -> list[str]:
        """The keys of the folders that are kept for a video."""
        ...

    def remove(self, key: str) -> None:
        """Remove the folder `key/`; when there is none, that is as well."""
        ...


class Transcoder(Protocol):
    """Turns any upload into a proxy and a poster."""

    def transcode(
        self, source: str, folder: Path, beat: Beat, *, on_hash: Callable[[str], None] | None = None
    ) -> Transcoded:
        """Read the source and write `proxy.mp4` and `poster.jpg` into `folder`, which exists and is empty.

        `on_hash` is told the sha256 of the source's bytes before anything is decoded; what it raises, for
        instance `Duplicate`, goes through.
        """
        ...


class Describer(Protocol):
    """Watches a proxy and says what it shows."""

    name: str
    """Provider and model with its version, as the ledger records it: `offline_v1`."""

    def describe(self, proxy: Proxy, beat: Beat) -> Description:
        """Describe one video. Raises `Blocked` when the model refuses."""
        ...


class TextEmbedder(Protocol):
    """Turns texts into vectors of one space."""

    space: Space

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]:
        """Vectors of descriptions, one for each text, in order, each of unit length."""
        ...

    def embed_query(self, text: str) -> Vector:
        """The vector of what somebody searches for."""
        ...


class VisualEmbedder(Protocol):
    """Turns a proxy's frames into one vector."""

    space: Space

    def embed(self, proxy: Proxy, beat: Beat) -> Vector:
        """The frames' pooled features, averaged, centred by the space's mean, of unit length."""
        ...


@dataclass(frozen=True)
class Neighbour:
    """A video near another or near a query, in one space."""

    video_id: UUID
    similarity: float
    """Cosine similarity for a cosine space, in -1..1; for other metrics the negated distance."""


class VectorStore(Protocol):
    """The index: one table for each space."""

    def add_space(self, space: Space) -> None:
        """Create the space's table and index if they are missing. Raises `Misuse` when a space of that name
        has other dimensions or another metric."""
        ...

    def upsert(self, connection: Connection[Any], video_id: UUID, spaces: Sequence[Space]) -> None:
        """Copy the video's vectors from the ledger into the index, inside the caller's transaction."""
        ...

    def vectors_of(self, video_id: UUID, spaces: Sequence[Space]) -> Mapping[str, Vector]:
        """The indexed vectors of a video by the name of their space; those it lacks are missing."""
        ...

    def nearest(
        self, space: Space, vector: Vector, *, tenant: str, k: int, exclude: Sequence[UUID] = ()
    ) -> list[Neighbour]:
        """The k nearest of the tenant's indexed videos, nearest first; fewer only if there are no more."""
        ...

    def similarities(self, space: Space, vector: Vector, video_ids: Sequence[UUID]) -> Mapping[UUID, float]:
        """How near each of these videos is, on the scale of `Neighbour`; those not in the space are missing."""
        ...
