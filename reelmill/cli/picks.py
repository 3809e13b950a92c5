"""Recommendations as documents and as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from rich.console import Console

from reelmill.cli.tables import name, print_table
from reelmill.ledger import Ledger
from reelmill.recommend.picks import Pick

HEADINGS = ("score", "video", "why", "id")
Row = tuple[str, str, str, str]
"""One cell for each heading."""


def pick_document(pick: Pick) -> dict[str, Any]:
    """One recommendation as `{"id", "source", "score", "reason"}`."""
    return {"id": str(pick.video_id), "source": pick.source, "score": pick.score, "reason": pick.reason}


def titled(ledger: Ledger, picks: Sequence[Pick]) -> list[Row]:
    """The picks with the names people know them by."""
    ids = [pick.video_id for pick in picks]
    names = {video["id"]: name(video) for video in ledger.status.videos(ids=ids, limit=len(ids))}
    return [
        (f"{pick.score:.3f}", names.get(pick.video_id, pick.source), pick.reason, str(pick.video_id)) for pick in picks
    ]


def show_picks(out: Console, rows: Sequence[Row], *, with_ids: bool = True) -> None:
    """The picks as a table."""
    columns = len(HEADINGS) if with_ids else len(HEADINGS) - 1
    if rows:
        print_table(out, HEADINGS[:columns], [row[:columns] for row in rows])
    else:
        out.print("Nothing was found: no other video is indexed yet.")
