"""describe: what the proxy shows, in words."""

from __future__ import annotations

from reelmill.ledger.lease import Lease
from reelmill.ports import Beat
from reelmill.stages.proxy import local_proxy
from reelmill.toolbox import Toolbox
from reelmill.video import StageResult


def run(lease: Lease, tools: Toolbox, beat: Beat) -> StageResult:
    """Have the describer watch the proxy. Raises `Blocked` when the model refuses."""
    with local_proxy(lease.video_id, tools) as proxy:
        description = tools.describer.describe(proxy, beat)
    return StageResult(facts={"describer": tools.describer.name}, description=description)
