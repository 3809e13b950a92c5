"""In-memory and instant twins of the ports, for our tests and yours.

Each keeps its port's promises and nothing else: no model, no ffmpeg, no network. Vectors follow from words and
bytes, so that equal things are near each other and results repeat.
"""

from __future__ import annotations

import hashlib
import shutil
import tempfile
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Connection

from reelmill.errors import SourceMissing
from reelmill.ports import Beat, Neighbour
from reelmill.video import Box, Description, Proxy, SourceFacts, Space, Tag, Transcoded, Vector

TEXT_SPACE = Space("text_testing_v1", "text", 16)
VISUAL_SPACE = Space("visual_testing_v1", "visual", 16)


class CopyTranscoder:
    """Calls the upload itself its proxy."""

    def transcode(
        self, source: str, folder: Path, beat: Beat, *, on_hash: Callable[[str], None] | None = None
    ) -> Transcoded:
        """Copy the file. Raises `SourceMissing` when it is not there."""
        path = Path(source.removeprefix("file://"))
        if not path.is_file():
            raise SourceMissing(f"There is no file {path}.")
        content_hash = hashlib.sha256(path.read_bytes()).hexdigest()
        if on_hash:
            on_hash(content_hash)
        beat()
        shutil.copyfile(path, folder / "proxy.mp4")
        (folder / "poster.jpg").write_bytes(b"")
        facts = SourceFacts(content_hash, path.stat().st_size, "mp4", "h264", 64, 64, 0, 1.0, 1.0, has_audio=False)
        proxy = Proxy(folder / "proxy.mp4", 1, 1.0, Box(0, 0, 64, 64), has_audio=False)
        return Transcoded(facts, proxy, folder / "poster.jpg", "cpu", "full", 0.0, 0.0)


class EchoDescriber:
    """Describes a proxy by the words it holds, read as text."""

    name = "echo_v1"

    def describe(self, proxy: Proxy, beat: Beat) -> Description:
        """The file's first words as title and tags."""
        beat()
        words = proxy.path.read_bytes()[:200].decode(errors="ignore").split()[:5] or ["nothing"]
        text = " ".join(words)[:100]
        tags = tuple(Tag(name=word[:60], confidence=1.0) for word in words)
        return Description(title=text, genres=(), description=text, tags=tags, index_text=text)


class WordEmbedder:
    """Adds up a fixed random direction for each word."""

    space = TEXT_SPACE

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]:
        """One unit vector for each text."""
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> Vector:
        """The unit vector of a text."""
        return _unit(sum((_direction(word.encode()) for word in text.split()), np.zeros(16, np.float32)))


class ByteEmbedder:
    """A random direction that the file's bytes decide."""

    space = VISUAL_SPACE

    def embed(self, proxy: Proxy, beat: Beat) -> Vector:
        """The unit vector of a proxy."""
        beat()
        return _unit(_direction(proxy.path.read_bytes()))


class MemoryBlobs:
    """A blob store in a dictionary."""

    def __init__(self) -> None:
        self.objects: dict[str, bytes] = {}

    def put_folder(self, key: str, folder: Path) -> None:
        """Keep the folder's files under `key/`."""
        self.objects |= {f"{key}/{file.name}": file.read_bytes() for file in folder.iterdir()}

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        """The object as a temporary file. Raises `SourceMissing` when there is none."""
        if key not in self.objects:
            raise SourceMissing(f"There is no object {key}.")
        with tempfile.TemporaryDirectory() as folder:
            path = Path(folder) / Path(key).name
            path.write_bytes(self.objects[key])
            yield path

    def folders(self, video_id: UUID) -> list[str]:
        """The keys of the video's folders."""
        return sorted({name.rpartition("/")[0] for name in self.objects if name.startswith(f"{video_id}/")})

    def remove(self, key: str) -> None:
        """Forget the folder's files."""
        self.objects = {name: data for name, data in self.objects.items() if not name.startswith(f"{key}/")}


class MemoryVectors:
    """An exact vector store in dictionaries; `put` stands for what `upsert` copies out of the ledger."""

    def __init__(self) -> None:
        self.spaces: dict[str, Space] = {}
        self.vectors: dict[str, dict[UUID, Vector]] = {}
        self.tenants: dict[UUID, str] = {}

    def add_space(self, space: Space) -> None:
        """Know the space."""
        self.spaces[space.name] = space

    def put(self, video_id: UUID, tenant: str, vectors: Mapping[Space, Vector]) -> None:
        """Index these vectors."""
        self.tenants[video_id] = tenant
        for space, vector in vectors.items():
            self.vectors.setdefault(space.name, {})[video_id] = vector

    def upsert(self, connection: Connection[Any], video_id: UUID, spaces: Sequence[Space]) -> None:
        """Copy the vectors out of the ledger on this connection."""
        rows = connection.execute(
            "SELECT e.space, e.vector, v.tenant FROM reelmill.embeddings AS e "
            "JOIN reelmill.videos AS v ON v.id = e.video_id WHERE e.video_id = %s",
            [video_id],
        ).fetchall()
        by_name = {space.name: space for space in spaces}
        for name, vector, tenant in rows:
            self.put(video_id, tenant, {by_name[name]: np.asarray(vector, np.float32)})

    def vectors_of(self, video_id: UUID, spaces: Sequence[Space]) -> Mapping[str, Vector]:
        """The video's vectors by space."""
        found = {space.name: self.vectors.get(space.name, {}).get(video_id) for space in spaces}
        return {name: vector for name, vector in found.items() if vector is not None}

    def nearest(
        self, space: Space, vector: Vector, *, tenant: str, k: int, exclude: Sequence[UUID] = ()
    ) -> list[Neighbour]:
        """By cosine, the nearest first, ties by id."""
        near = [
            Neighbour(video_id, float(other @ vector))
            for video_id, other in self.vectors.get(space.name, {}).items()
            if self.tenants[video_id] == tenant and video_id not in exclude
        ]
        return sorted(near, key=lambda n: (-n.similarity, n.video_id))[:k]

    def similarities(self, space: Space, vector: Vector, video_ids: Sequence[UUID]) -> Mapping[UUID, float]:
        """The cosine with each of these videos."""
        indexed = self.vectors.get(space.name, {})
        return {video_id: float(indexed[video_id] @ vector) for video_id in video_ids if video_id in indexed}


def _direction(seed: bytes) -> Vector:
    number = int.from_bytes(hashlib.sha256(seed).digest()[:8])
    return np.random.default_rng(number).standard_normal(16).astype(np.float32)


def _unit(vector: Vector) -> Vector:
    return (vector / max(float(np.linalg.norm(vector)), 1e-9)).astype(np.float32)
