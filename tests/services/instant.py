"""A toolbox of instant twins over the real ledger, and a log of every call that the ledger knows not of."""

from __future__ import annotations

from pathlib import Path

from reelmill.blobs import LocalBlobs
from reelmill.index.pgvector import PgvectorStore
from reelmill.ledger import open_ledger
from reelmill.ledger.pool import Pool
from reelmill.ports import Beat
from reelmill.settings import Settings
from reelmill.stages.keeper import LeaseKeeper
from reelmill.testing import ByteEmbedder, CopyTranscoder, EchoDescriber, WordEmbedder
from reelmill.toolbox import Toolbox
from reelmill.video import Description, Proxy


class TalliedDescriber(EchoDescriber):
    """Writes a line for each call before it answers, as a provider's bill would have it."""

    def __init__(self, tally: Path) -> None:
        self._tally = tally

    def describe(self, proxy: Proxy, beat: Beat) -> Description:
        with self._tally.open("a") as lines:
            lines.write(f"{proxy.path.read_text()}\n")
        return super().describe(proxy, beat)


def toolbox(settings: Settings, pool: Pool) -> Toolbox:
    """Named by REELMILL_TOOLBOX in the workers that tests start."""
    ledger = open_ledger(pool, lease_s=settings.lease_s, ring_wait_s=settings.ring_wait_s)
    work_dir = settings.data_dir / "work"
    work_dir.mkdir(parents=True, exist_ok=True)
    return Toolbox(
        ledger=ledger,
        keeper=LeaseKeeper(
            ledger.runs,
            lease_s=settings.lease_s,
            stall_limit_s=settings.stall_limit_s,
            stage_limit_s=settings.stage_limit_s,
        ),
        blobs=LocalBlobs(settings.data_dir / "blobs"),
        transcoder=CopyTranscoder(),
        describer=TalliedDescriber(settings.data_dir / "tally"),
        text=WordEmbedder(),
        visual=ByteEmbedder(),
        vectors=PgvectorStore(pool),
        work_dir=work_dir,
    )
