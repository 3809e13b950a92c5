"""`reelmill transcode`: one file into a proxy and a poster, with no server."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from reelmill.cli.answers import AsJson, answer
from reelmill.cli.failures import FAILED, CommandLineError, error_document, explain
from reelmill.errors import StageError

if TYPE_CHECKING:
    from reelmill.video import Transcoded

KEYS = ("rung", "sampling", "frames", "duration_s", "proxy", "poster", "cpu_s", "wall_s")


def transcode(
    file: Annotated[str, typer.Argument(metavar="FILE", help="The upload.")],
    output: Annotated[Path, typer.Option("-o", "--output", help="Folder for proxy.mp4 and poster.jpg.")],
    as_json: AsJson = False,
) -> None:
    """Turn one file into the small proxy that models watch, and a poster. Needs no server."""
    from reelmill import parts
    from reelmill.cli.sources import local_file
    from reelmill.settings import load_settings

    transcoder = parts.transcoder(load_settings())
    path, output = local_file(file), output.absolute()
    with _room(output) as room:
        try:
            made = transcoder.transcode(str(path), Path(room), lambda: None)
        except StageError as error:
            refused = {"ok": False, "error": error_document(error), **dict.fromkeys(KEYS)}
            answer(refused, lambda _: None, as_json=as_json)
            explain(error, evidence=not as_json)
            raise typer.Exit(FAILED) from None
        document = _document(made, output)
        for each in (made.proxy.path, made.poster):
            each.replace(output / each.name)
    answer(document, lambda out: out.print(_sentence(document)), as_json=as_json)


def _room(output: Path) -> tempfile.TemporaryDirectory[str]:
    """A folder inside the output folder, so that only whole files appear there, by renaming."""
    try:
        output.mkdir(parents=True, exist_ok=True)
        return tempfile.TemporaryDirectory(prefix=".transcode-", dir=output)
    except OSError as error:
        raise CommandLineError(f"Nothing can be written to {output}: {error.strerror}.") from error


def _document(made: Transcoded, output: Path) -> dict[str, Any]:
    return {
        "ok": True,
        "error": None,
        "rung": made.rung,
        "sampling": made.sampling,
        "frames": made.proxy.frames,
        "duration_s": made.proxy.duration_s,
        "proxy": str(output / made.proxy.path.name),
        "poster": str(output / made.poster.name),
        "cpu_s": made.cpu_s,
        "wall_s": made.wall_s,
    }


def _sentence(document: dict[str, Any]) -> str:
    return (
        f"{document['proxy']}: {document['frames']} frames of {document['duration_s']:.1f} s, "
        f"rung {document['rung']}, {document['sampling']} sampling, "
        f"{document['cpu_s']:.2f} s of CPU in {document['wall_s']:.2f} s"
    )
