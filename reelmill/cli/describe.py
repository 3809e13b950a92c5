"""`reelmill describe`: what one file shows, with no server."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from reelmill.cli.answers import AsJson, answer, clean, console

if TYPE_CHECKING:
    from rich.console import Console

    from reelmill.video import Description

FIELDS = {"title", "genres", "description", "tags", "evidence"}


def describe(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The upload.")],
    as_json: AsJson = False,
) -> None:
    """Say what one file shows: title, genres, description, tags, and the evidence for them. Needs no server."""
    from reelmill import parts
    from reelmill.cli.sources import local_file
    from reelmill.settings import load_settings

    settings = load_settings()
    transcoder, describer = parts.transcoder(settings), parts.describer(settings)
    path = local_file(file)
    watching = console(stderr=True, quiet=as_json)
    with tempfile.TemporaryDirectory(prefix="reelmill-") as folder, watching.status("Transcoding") as doing:
        made = transcoder.transcode(str(path), Path(folder), lambda: None)
        doing.update("Describing")
        description = describer.describe(made.proxy, lambda: None)
    document = description.model_dump(mode="json", include=FIELDS)
    answer(document, lambda out: _show(out, description), as_json=as_json)


def _show(out: Console, description: Description) -> None:
    out.print(clean(description.title), style="bold")
    out.print(f"genres: {', '.join(description.genres) or 'none'}")
    out.print(clean(description.description))
    out.print(clean("tags: " + (", ".join(f"{tag.name} {tag.confidence:.2f}" for tag in description.tags) or "none")))
    for found in description.evidence:
        seen = f" in {found.frames} frames" if found.frames else ""
        out.print(clean(f"  {found.kind}: {found.label} {found.score:.2f}{seen}"))
