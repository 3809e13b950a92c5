"""Parts that do nothing, so that what is left is the mill's own cost, and the empty tasks it is compared with."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID

import numpy as np
from psycopg import Connection

from reelmill import parts
from reelmill.ledger.pool import Pool
from reelmill.ports import Beat, Neighbour
from reelmill.settings import Settings
from reelmill.toolbox import Toolbox
from reelmill.video import Box, Description, Proxy, SourceFacts, Space, Transcoded, Vector

VECTOR = np.zeros(8, np.float32)


class IdleTranscoder:
    """Makes no file, and takes the source's name for its content."""

    def transcode(
        self, source: str, folder: Path, beat: Beat, *, on_hash: Callable[[str], None] | None = None
    ) -> Transcoded:
        if on_hash:
            on_hash(source)
        facts = SourceFacts(source, 0, "mp4", "h264", 64, 64, 0, 1.0, 1.0, has_audio=False)
        proxy = Proxy(folder / "proxy.mp4", 1, 1.0, Box(0, 0, 64, 64), has_audio=False)
        return Transcoded(facts, proxy, folder / "poster.jpg", "cpu", "full", 0.0, 0.0)


class IdleBlobs:
    """Keeps nothing."""

    def put_folder(self, key: str, folder: Path) -> None:
        pass

    @contextmanager
    def local(self, key: str) -> Iterator[Path]:
        yield Path(key)

    def folders(self, video_id: UUID) -> list[str]:
        return []

    def remove(self, key: str) -> None:
        pass


class IdleDescriber:
    """Says the same of every video."""

    name = "idle"

    def describe(self, proxy: Proxy, beat: Beat) -> Description:
        return Description(title="idle", genres=(), description="", tags=(), index_text="idle")


class IdleText:
    """Gives the same vector to every text."""

    space = Space("text_idle_v1", "text", 8)

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]:
        return [VECTOR for _ in texts]

    def embed_query(self, text: str) -> Vector:
        return VECTOR


class IdleVisual:
    """Gives the same vector to every proxy."""

    space = Space("visual_idle_v1", "visual", 8)

    def embed(self, proxy: Proxy, beat: Beat) -> Vector:
        return VECTOR


class IdleVectors:
    """Indexes nothing."""

    def add_space(self, space: Space) -> None:
        pass

    def upsert(self, connection: Connection[Any], video_id: UUID, spaces: Sequence[Space]) -> None:
        pass

    def vectors_of(self, video_id: UUID, spaces: Sequence[Space]) -> Mapping[str, Vector]:
        return {}

    def nearest(
        self, space: Space, vector: Vector, *, tenant: str, k: int, exclude: Sequence[UUID] = ()
    ) -> list[Neighbour]:
        return []

    def similarities(self, space: Space, vector: Vector, video_ids: Sequence[UUID]) -> Mapping[UUID, float]:
        return {}


def toolbox(settings: Settings, pool: Pool) -> Toolbox:
    """Named by REELMILL_TOOLBOX in the benchmark's workers."""
    return replace(
        parts.toolbox(settings, pool),
        blobs=IdleBlobs(),
        transcoder=IdleTranscoder(),
        describer=IdleDescriber(),
        text=IdleText(),
        visual=IdleVisual(),
        vectors=IdleVectors(),
    )
