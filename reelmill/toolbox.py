"""The parts a stage may touch."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from reelmill.ledger import Ledger
from reelmill.ledger.keeper import LeaseKeeper
from reelmill.ports import BlobStore, Describer, TextEmbedder, Transcoder, VectorStore, VisualEmbedder


@dataclass(frozen=True)
class Toolbox:
    """Everything that stages need, chosen once for each process by the door that runs them."""

    ledger: Ledger
    keeper: LeaseKeeper
    blobs: BlobStore
    transcoder: Transcoder
    describer: Describer
    text: TextEmbedder
    visual: VisualEmbedder
    vectors: VectorStore
    work_dir: Path
    """Where attempts write before they are committed; emptied after each."""
    device: str = "cpu"
    """What transcodes run on, as the ledger records it."""
