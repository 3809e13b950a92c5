"""The proxy of a video, as a local file for as long as a stage needs it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from uuid import UUID

from reelmill.toolbox import Toolbox
from reelmill.video import Proxy


@contextmanager
def local_proxy(video_id: UUID, tools: Toolbox) -> Iterator[Proxy]:
    """Open the proxy that the ledger names for this video."""
    stored = tools.ledger.results.proxy(video_id)
    with tools.blobs.local(f"{stored.blob_key}/proxy.mp4") as path:
        yield stored.at(path)
