"""`reelmill status`: how far everything is, or all about one video."""

from __future__ import annotations

from typing import Annotated

import typer

from reelmill.cli.answers import AsJson, answer


def status(
    video: Annotated[str | None, typer.Argument(metavar="[ID]", help="A video's id, for all about it.")] = None,
    limit: Annotated[int, typer.Option(min=1, max=100_000, help="How many of the newest videos to list.")] = 100,
    as_json: AsJson = False,
) -> None:
    """Show how far the videos are: how many in each state, and the newest ones.

    With an id: what it waits for, each stage with its times, attempts and worker, why it failed, what it cost.
    """
    from dataclasses import asdict

    from reelmill.cli.door import opened, video_id
    from reelmill.cli.status_view import one_video, show_video, show_videos
    from reelmill.errors import ReelmillError
    from reelmill.settings import load_settings

    wanted = video_id(video) if video else None
    with opened(load_settings()) as ledger:
        if wanted is None:
            counts, videos = ledger.status.counts(), ledger.status.videos(limit=limit)
            lanes = [asdict(pause) for pause in ledger.lanes.paused().values()]
            document = {"counts": counts, "lanes": lanes, "videos": videos}
            answer(document, lambda out: show_videos(out, document), as_json=as_json)
            return
        found = ledger.status.video(wanted)
        waiting = ledger.waits.of(wanted)
    if found is None:
        raise ReelmillError(f"There is no video {wanted}; `reelmill status` lists those there are.")
    detail = one_video(found) | {"waiting": waiting}
    answer(detail, lambda out: show_video(out, detail), as_json=as_json)
