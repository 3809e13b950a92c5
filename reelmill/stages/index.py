"""index: the ledger's vectors into the index, in the commit's own transaction."""

from __future__ import annotations

from reelmill.ledger.lease import Lease
from reelmill.ports import Beat
from reelmill.toolbox import Toolbox
from reelmill.video import StageResult


def run(lease: Lease, tools: Toolbox, _beat: Beat) -> StageResult:
    """Copy the video's vectors into the tables of their spaces."""
    spaces = [tools.text.space, tools.visual.space]
    return StageResult(
        facts={"spaces": sorted(space.name for space in spaces)},
        within=lambda connection: tools.vectors.upsert(connection, lease.video_id, spaces),
    )
