"""Tables of videos for people: on a terminal with a rule and colours, elsewhere as aligned columns."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from pathlib import PurePath
from typing import Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reelmill.cli.answers import clean
from reelmill.video import State

STYLES: Mapping[str, str] = {
    State.INDEXED: "green",
    State.FAILED: "red",
    State.BLOCKED: "yellow",
    State.DUPLICATE: "yellow",
}
"""Colours of final states; an unfinished one is cyan."""


def print_table(console: Console, headings: Sequence[str], rows: Iterable[Sequence[str | Text]]) -> None:
    """Print the rows. Ids are never folded, for they are copied, nor is the first column, for it is compared."""
    table = Table(box=SIMPLE_HEAD if console.is_terminal else None, pad_edge=False, header_style="bold")
    for position, heading in enumerate(headings):
        table.add_column(heading, no_wrap=position == 0 or heading == "id", overflow="fold")
    for row in rows:
        table.add_row(*(cell if isinstance(cell, Text) else clean(cell) for cell in row))
    with console.capture() as captured:
        console.print(table)
    # The spaces that fill up a line are of use on no screen and in no pipe.
    console.file.writelines(f"{line.rstrip()}\n" for line in captured.get().splitlines() if line.strip())


def video_rows(videos: Iterable[Mapping[str, Any]]) -> list[tuple[str | Text, ...]]:
    """Rows of id, state, name, and what is to be known of it."""
    return [(str(video["id"]), state_text(video["state"]), name(video), news(video)) for video in videos]


VIDEO_HEADINGS = ("id", "state", "video", "waits for, or error")


def state_text(state: str) -> Text:
    """The state in its colour."""
    return Text(state, STYLES.get(state, "cyan"))


def time_text(moment: datetime | None) -> str:
    """The moment in the time of this machine, to the second."""
    return moment.astimezone().strftime("%Y-%m-%d %H:%M:%S") if moment else ""


def name(video: Mapping[str, Any]) -> str:
    """What people know a video by: its title and its file's name."""
    file_name = PurePath(video["source"]).name or video["source"]
    return f"{video['title']} ({file_name})" if video.get("title") else file_name


def news(video: Mapping[str, Any]) -> str:
    """Why it ended as it did, or what it waits for."""
    if video["error"] and video["state"] in (State.FAILED, State.BLOCKED):
        return f"{video['error']['class']}: {video['error']['message']}"
    if video["state"] == State.DUPLICATE:
        return f"same bytes as {video['duplicate_of']}"
    retried = f", after {video['error']['class']}" if video["error"] else ""
    return f"{video['waiting_for'] or ''}{retried}"
