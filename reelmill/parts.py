"""From settings to real parts: the one place that chooses providers and stores. Called by the doors only."""

from __future__ import annotations

from importlib import import_module

from reelmill.blobs import LocalBlobs
from reelmill.describe.genres import load_genres
from reelmill.describe.offline import OfflineDescriber
from reelmill.embed.offline import OfflineTextEmbedder
from reelmill.embed.visual import VisualEmbedder as FrameEmbedder
from reelmill.errors import Misuse
from reelmill.index.pgvector import PgvectorStore
from reelmill.ledger import Ledger, open_ledger
from reelmill.ledger.keeper import LeaseKeeper
from reelmill.ledger.pool import Pool
from reelmill.media.limits import MediaLimits
from reelmill.media.transcode import CpuTranscoder
from reelmill.ports import Describer, TextEmbedder, Transcoder, VisualEmbedder
from reelmill.settings import Settings
from reelmill.toolbox import Toolbox


def chosen(settings: Settings, pool: Pool) -> Toolbox:
    """What the factory that `REELMILL_TOOLBOX` names has chosen. Raises `Misuse` when that is no `Toolbox`."""
    module, _, factory = settings.toolbox.partition(":")
    try:
        make = getattr(import_module(module), factory)
    except (ImportError, AttributeError, ValueError) as error:
        raise Misuse(f"REELMILL_TOOLBOX names nothing that can be imported: {error}.") from error
    made = make(settings, pool)
    if not isinstance(made, Toolbox):
        raise Misuse(f"REELMILL_TOOLBOX: {settings.toolbox} made no Toolbox.")
    return made


def ledger(settings: Settings, pool: Pool) -> Ledger:
    """The ledger on an open pool."""
    return open_ledger(pool, lease_s=settings.lease_s, ring_wait_s=settings.ring_wait_s)


def media_limits(settings: Settings) -> MediaLimits:
    """The bounds of everything that touches an upload's bytes."""
    return MediaLimits(
        max_upload_bytes=settings.max_upload_bytes,
        max_duration_s=settings.max_duration_s,
        max_pixels=settings.max_pixels,
        max_streams=settings.max_streams,
        child_memory_bytes=settings.child_memory_bytes,
        stage_limit_s=settings.stage_limit_s,
        stall_limit_s=settings.stall_limit_s,
    )


def transcoder(settings: Settings) -> Transcoder:
    """The media engine of this machine."""
    return CpuTranscoder(media_limits(settings), settings.ffmpeg)


def describer(settings: Settings) -> Describer:
    """The describer in use."""
    return OfflineDescriber(
        settings.model_dir.expanduser(),
        load_genres(settings.genres_file),
        limits=media_limits(settings),
        ffmpeg=settings.ffmpeg,
    )


def text_embedder() -> TextEmbedder:
    """The text encoder in use."""
    return OfflineTextEmbedder()


def visual_embedder(settings: Settings) -> VisualEmbedder:
    """The visual encoder in use."""
    return FrameEmbedder(settings.model_dir.expanduser(), limits=media_limits(settings), ffmpeg=settings.ffmpeg)


def toolbox(settings: Settings, pool: Pool) -> Toolbox:
    """All that a worker needs for any stage; models load on first use."""
    parts = ledger(settings, pool)
    work_dir = settings.data_dir / "work"
    work_dir.mkdir(parents=True, exist_ok=True)
    return Toolbox(
        ledger=parts,
        keeper=LeaseKeeper(
            parts.runs,
            lease_s=settings.lease_s,
            stall_limit_s=settings.stall_limit_s,
            stage_limit_s=settings.stage_limit_s,
        ),
        blobs=LocalBlobs(settings.data_dir / "blobs"),
        transcoder=transcoder(settings),
        describer=describer(settings),
        text=text_embedder(),
        visual=visual_embedder(settings),
        vectors=PgvectorStore(pool),
        work_dir=work_dir,
    )
