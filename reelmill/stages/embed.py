"""embed: the description into a text vector, the proxy's frames into a visual vector."""

from __future__ import annotations

from reelmill.ledger.lease import Lease
from reelmill.ports import Beat
from reelmill.stages.proxy import local_proxy
from reelmill.toolbox import Toolbox
from reelmill.video import Space, StageResult, Vector


def run(lease: Lease, tools: Toolbox, beat: Beat) -> StageResult:
    """Make both vectors; a description that is sure of nothing gives no text vector."""
    vectors: dict[Space, Vector] = {}
    index_text = tools.ledger.results.description(lease.video_id).index_text
    if index_text:
        [vectors[tools.text.space]] = tools.text.embed_documents([index_text])
        beat()
    with local_proxy(lease.video_id, tools) as proxy:
        vectors[tools.visual.space] = tools.visual.embed(proxy, beat)
    return StageResult(facts={"spaces": sorted(space.name for space in vectors)}, vectors=vectors)
