"""transcode: any upload into a small proxy and a poster."""

from __future__ import annotations

import re
from functools import partial

from reelmill.ledger.lease import Lease
from reelmill.ports import Beat
from reelmill.stages.scratch import scratch
from reelmill.toolbox import Toolbox
from reelmill.video import StageResult, StoredProxy, Transcoded

BLOB_KEY = re.compile(r"[0-9a-f-]{36}/transcode-v(?P<version>\d+)-(?P<token>\d+)")


def run(lease: Lease, tools: Toolbox, beat: Beat) -> StageResult:
    """Make the proxy in a folder of this attempt's own and put it into the blob store in one step.

    Raises `Duplicate` before any decoding when the bytes are those of another video of the tenant.
    """
    blob_key = _blob_key(lease)
    with scratch(lease, tools.work_dir) as folder:
        made = tools.transcoder.transcode(
            lease.source, folder, beat, on_hash=partial(tools.ledger.runs.own_content, lease)
        )
        # A token may come again, once the runs of a video that failed long ago have been pruned.
        tools.blobs.remove(blob_key)
        tools.blobs.put_folder(blob_key, folder)
    return StageResult(facts=_facts(made), proxy=_stored(made, blob_key))


def remove_refused(lease: Lease, tools: Toolbox) -> None:
    """Remove what this attempt has stored, for another one holds the stage."""
    tools.blobs.remove(_blob_key(lease))


def remove_older(lease: Lease, tools: Toolbox) -> None:
    """Remove what earlier attempts and versions have stored.

    Only what is older: one that is frozen between its commit and this must not take away what came after it.
    """
    for key in tools.blobs.folders(lease.video_id):
        stored = BLOB_KEY.fullmatch(key)
        if stored and (int(stored["version"]), int(stored["token"])) < (lease.version, lease.token):
            tools.blobs.remove(key)


def _blob_key(lease: Lease) -> str:
    """The token makes the key an attempt's own: a worker that lost its lease overwrites nothing."""
    return f"{lease.video_id}/transcode-v{lease.version}-{lease.token}"


def _facts(made: Transcoded) -> dict[str, object]:
    return {
        "rung": made.rung,
        "sampling": made.sampling,
        "frames": made.proxy.frames,
        "cpu_s": round(made.cpu_s, 3),
        "wall_s": round(made.wall_s, 3),
    }


def _stored(made: Transcoded, blob_key: str) -> StoredProxy:
    proxy = made.proxy
    return StoredProxy(blob_key, proxy.frames, proxy.duration_s, proxy.content, proxy.has_audio, made.source)
