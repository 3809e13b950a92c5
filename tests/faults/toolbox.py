"""The parts of the fault tests' workers: real ledger, blobs and index, instant or real media, every call logged."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from reelmill import parts
from reelmill.errors import Busy, Retryable
from reelmill.ledger.pool import Pool
from reelmill.ports import Beat, Transcoder
from reelmill.settings import Settings
from reelmill.testing import ByteEmbedder, CopyTranscoder, EchoDescriber, WordEmbedder
from reelmill.toolbox import Toolbox
from reelmill.video import Description, Proxy, Transcoded
from tests.faults import armed
from tests.faults.effects import log_effect

REAL_MEDIA = "REELMILL_TEST_REAL_MEDIA"
SKEW_S = "REELMILL_TEST_SKEW_S"
"""Environment variable: how far this process's clock is off, in seconds."""


class PoisonedTranscoder:
    """A clip that says `poison` kills the process that touches it."""

    def __init__(self, within: Transcoder) -> None:
        self._within = within

    def transcode(
        self, source: str, folder: Path, beat: Beat, *, on_hash: Callable[[str], None] | None = None
    ) -> Transcoded:
        if Path(source.removeprefix("file://")).read_bytes()[:6] == b"poison":
            os.kill(os.getpid(), signal.SIGKILL)
        return self._within.transcode(source, folder, beat, on_hash=on_hash)


class LoggedDescriber(EchoDescriber):
    """Logs each call before it answers, as a provider's bill would have it; does what a clip's text says."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def describe(self, proxy: Proxy, beat: Beat) -> Description:
        said = proxy.path.read_bytes()[:200].decode(errors="ignore")
        log_effect(self._folder, "describe", proxy.path.parent.parent.name)
        if said.startswith("busy"):
            raise Busy("The model is busy.", retry_after_s=0.2)
        if said.startswith("fails"):
            raise Retryable("The model fails.")
        if said.startswith("slow"):
            _work(float(said.split()[1]), beat)
        if said.isprintable():
            return super().describe(proxy, beat)
        # A real clip says nothing that could be echoed.
        title = f"{proxy.path.stat().st_size} bytes"
        return Description(title=title, genres=(), description=title, tags=(), index_text=title)


def toolbox(settings: Settings, pool: Pool) -> Toolbox:
    """Named by REELMILL_TOOLBOX in the workers that fault tests start."""
    armed.arm()
    made = parts.toolbox(settings, pool)
    return replace(
        made,
        transcoder=PoisonedTranscoder(made.transcoder if REAL_MEDIA in os.environ else CopyTranscoder()),
        describer=LoggedDescriber(settings.data_dir),
        text=WordEmbedder(),
        visual=ByteEmbedder(),
    )


def _work(duration_s: float, beat: Beat) -> None:
    """Be busy for a while, visibly moving on."""
    until_s = time.monotonic() + duration_s
    while time.monotonic() < until_s:
        time.sleep(0.05)
        beat()


def _skew(offset_s: float) -> None:
    real = time.time
    time.time = lambda: real() + offset_s


if SKEW_S in os.environ:
    _skew(float(os.environ[SKEW_S]))
