"""`reelmill ingest`: put files into the mill, and wait for them if asked to."""

from __future__ import annotations

import os
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Any
from uuid import UUID

import typer

from reelmill.cli.answers import AsJson, answer, complain, console
from reelmill.cli.failures import FAILED, Interrupted

if TYPE_CHECKING:
    from pathlib import Path

    from rich.console import Console

    from reelmill.errors import ReelmillError
    from reelmill.ledger import Ledger
    from reelmill.uploads import Upload

FEW = 50
"""Videos that are listed one by one; of more, `reelmill status` shows what one wants to see."""


def ingest(
    paths: Annotated[
        list[str],
        typer.Argument(
            metavar="PATH|URL",
            help="Files, file:// URLs, or folders: all regular files in a folder and below it, but hidden ones.",
        ),
    ],
    wait: Annotated[bool, typer.Option("--wait", help="Wait until all have ended; exit 1 if any failed.")] = False,
    tenant: Annotated[str, typer.Option(help="Whose videos they are; tenants do not see each other's.")] = "default",
    priority: Annotated[
        int, typer.Option(min=-32768, max=32767, help="Higher goes first among a tenant's videos.")
    ] = 0,
    as_json: AsJson = False,
) -> None:
    """Put videos into the mill.

    A file that was ingested before and has not changed since is not ingested again.
    """
    from reelmill.cli.door import opened
    from reelmill.cli.sources import checked_tenant, uploads
    from reelmill.settings import load_settings

    named, owner = uploads(paths), checked_tenant(tenant)
    with opened(load_settings()) as ledger:
        ids = _enqueue(ledger, named.uploads, owner, priority)
        alive = _wait(ledger, ids, quiet=as_json) if wait else True
        videos = _in_order(ledger, ids)
    refused = [_refusal(path, error) for path, error in named.refused]
    document = {"videos": [_brief(video) for video in videos] + refused}
    answer(document, lambda out: _show(out, videos), as_json=as_json)
    _judge(videos if wait else [], refused, alive=alive)


def _enqueue(ledger: Ledger, named: Sequence[Upload], tenant: str, priority: int) -> list[UUID]:
    """All of them in one transaction: a batch is there as a whole or not at all."""
    from reelmill.ledger.videos import enqueue

    with ledger.pool.connection() as connection, connection.transaction():
        return [
            enqueue(connection, upload.source, version=upload.version, tenant=tenant, priority=priority).id
            for upload in named
        ]


def _wait(ledger: Ledger, ids: Sequence[UUID], *, quiet: bool) -> bool:
    """Wait for the videos; at once False when some are unfinished and nobody is there to work on them."""
    from reelmill.cli.bars import display
    from reelmill.cli.waiting import all_final, has_workers, wait

    if all_final(ledger, ids):
        return True
    if not has_workers(ledger):
        return False
    try:
        wait(ledger, ids, display(len(ids), console(stderr=True, quiet=quiet)))
    except KeyboardInterrupt:
        raise Interrupted("Interrupted. The videos stay in the mill, and go on without this command.") from None
    return True


def _in_order(ledger: Ledger, ids: Sequence[UUID]) -> list[dict[str, Any]]:
    found = {video["id"]: video for video in ledger.status.videos(ids=ids, limit=len(ids))}
    return [found[each] for each in ids if each in found]


def _brief(video: dict[str, Any]) -> dict[str, Any]:
    return {key: video[key] for key in ("id", "source", "state", "error")}


def _refusal(path: Path, error: ReelmillError) -> dict[str, Any]:
    """A file that never became a video, in the shape of one."""
    reason = {"class": type(error).__name__, "message": str(error)}
    return {"id": None, "source": os.fsencode(path).decode(errors="replace"), "state": "failed", "error": reason}


def _show(out: Console, videos: Sequence[dict[str, Any]]) -> None:
    from reelmill.cli.tables import VIDEO_HEADINGS, print_table, video_rows

    if 0 < len(videos) <= FEW:
        print_table(out, VIDEO_HEADINGS, video_rows(videos))
    out.print(f"{len(videos)} {'video is' if len(videos) == 1 else 'videos are'} in the mill.")


def _judge(videos: Sequence[dict[str, Any]], refused: Sequence[dict[str, Any]], *, alive: bool) -> None:
    """Name what went wrong and exit 1, if anything did."""
    wrong = [*refused, *(video for video in videos if video["state"] in ("failed", "blocked"))]
    for each in wrong:
        complain(f"{each['source']}: {each['error']['class']}: {each['error']['message']}")
    if not alive:
        complain(
            "No worker is running, so there is nothing to wait for. The videos are safe; `make up` starts workers."
        )
    if wrong or not alive:
        raise typer.Exit(FAILED)
