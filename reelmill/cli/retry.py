"""`reelmill retry`: failed or outdated videos once more."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated
from uuid import UUID

import typer

from reelmill.cli.answers import AsJson, answer
from reelmill.cli.failures import CommandLineError
from reelmill.errors import ReelmillError, stage_errors

if TYPE_CHECKING:
    from reelmill.ledger import Ledger


def retry(
    videos: Annotated[list[str] | None, typer.Argument(metavar="[ID]...", help="Only these videos.")] = None,
    failed: Annotated[bool, typer.Option("--failed", help="All failed videos.")] = False,
    error_class: Annotated[
        str | None, typer.Option("--class", help="Only those that failed with this class, as `status` shows it.")
    ] = None,
    outdated: Annotated[
        bool, typer.Option("--outdated", help="Indexed videos with a stage that has a newer version by now.")
    ] = False,
    as_json: AsJson = False,
) -> None:
    """Try failed videos again, each from the stage where it failed and with fresh attempts; or redo outdated ones."""
    from reelmill.cli.door import opened, video_id
    from reelmill.settings import load_settings

    ids = [video_id(each) for each in videos or ()]
    if not (ids or failed or error_class or outdated):
        raise CommandLineError(
            "Say which videos to try again: their ids, --failed for all, --class CLASS, or --outdated."
        )
    with opened(load_settings()) as ledger:
        if error_class:
            _require_error(ledger, error_class)
        _require_known(ledger, ids)
        retried = 0
        if failed or error_class or not outdated:
            retried += ledger.videos.retry(ids or None, error_class=error_class)
        if outdated:
            retried += ledger.videos.retry_outdated(ids or None)
    sentence = f"{retried} {'video goes' if retried == 1 else 'videos go'} through the mill again."
    answer(
        {"retried": retried},
        lambda out: out.print(sentence if retried else "No video is meant by that."),
        as_json=as_json,
    )


def _require_error(ledger: Ledger, name: str) -> None:
    """Plugged-in parts raise errors of their own, which the ledger alone knows. Raises `CommandLineError`."""
    names = [error.__name__ for error in stage_errors()]
    if name not in names:
        names += sorted(set(ledger.status.failures()) - set(names))
    if name not in names:
        raise CommandLineError(f"No error class is called {name!r}; there are {', '.join(names)}.")


def _require_known(ledger: Ledger, ids: Sequence[UUID]) -> None:
    known = {video["id"] for video in ledger.status.videos(ids=ids, limit=len(ids))} if ids else set()
    for unknown in (each for each in ids if each not in known):
        raise ReelmillError(f"There is no video {unknown}; nothing was retried.")
