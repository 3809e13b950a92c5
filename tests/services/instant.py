"""A toolbox of instant twins over the real ledger, and a log of every call that the ledger knows not of."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from reelmill import parts
from reelmill.ledger.pool import Pool
from reelmill.ports import Beat
from reelmill.settings import Settings
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
    return replace(
        parts.toolbox(settings, pool),
        transcoder=CopyTranscoder(),
        describer=TalliedDescriber(settings.data_dir / "tally"),
        text=WordEmbedder(),
        visual=ByteEmbedder(),
    )
