"""The `reelmill` command: one door of the core, which reads the settings, asks the ledger, and prints.

    ingest, status, similar, search, retry, doctor, transcode, describe     one command each; lanes has pause, resume
    answers, tables, bars, status_view, waits_view                          what people and programs see
    failures                                                                one sentence and an exit status
    door, sources, waiting                                                  the ledger, the files named, the wait

The commands import what they need when they run, so that `reelmill --help` answers at once.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from typing import Annotated

import typer
from typer.exceptions import TyperException

from reelmill import __version__
from reelmill.cli.describe import describe
from reelmill.cli.doctor import doctor
from reelmill.cli.failures import INTERRUPTED, MISUSE, Interrupted, report
from reelmill.cli.ingest import ingest
from reelmill.cli.lanes import pause, resume
from reelmill.cli.retry import retry
from reelmill.cli.search import search
from reelmill.cli.similar import similar
from reelmill.cli.status import status
from reelmill.cli.transcode import transcode
from reelmill.errors import ReelmillError

app = typer.Typer(
    name="reelmill",
    add_completion=False,
    rich_markup_mode="rich",
    help="Raw short videos in, recommendations out.",
    epilog=(
        "[bold]To begin[/]: `make up` starts the mill. Then:\n\n"
        "reelmill ingest ~/clips --wait   describe and index every file of a folder\n\n"
        "reelmill status                  see how far each video is, and find its id\n\n"
        "reelmill similar ID              the videos most like one\n\n"
        'reelmill search "dog on grass"   the videos that a text fits\n\n'
        "Every command takes --json (one JSON document on stdout), and exits 0 when it is done, 1 when it "
        "failed, 2 when the command line is wrong. Settings are the environment variables REELMILL_...; "
        "config/example.env lists them."
    ),
)


def _print_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"reelmill {__version__}")
        raise typer.Exit


@app.callback(invoke_without_command=True)
def start(
    context: typer.Context,
    version: Annotated[  # noqa: ARG001 (its callback does the work)
        bool, typer.Option("--version", is_eager=True, callback=_print_version, help="Print the version and exit.")
    ] = False,
) -> None:
    """Raw short videos in, recommendations out."""
    if context.invoked_subcommand is None:
        typer.echo(context.get_help())
        raise typer.Exit(MISUSE)


def _example(text: str) -> str:
    return f"[bold]Example[/]: {text}"


app.command(epilog=_example("reelmill ingest ~/clips holiday.mp4 --wait"))(ingest)
app.command(epilog=_example("reelmill status; reelmill status 0197c4be-8f5a-7c31-9d0e-2b6f4a1c8e77"))(status)
app.command(epilog=_example("reelmill similar 0197c4be-8f5a-7c31-9d0e-2b6f4a1c8e77 -k 5"))(similar)
app.command(epilog=_example('reelmill search "a dog on the grass"'))(search)
app.command(epilog=_example("reelmill retry --failed --class Stalled"))(retry)
app.command(epilog=_example('reelmill pause api.describe --minutes 30 --reason "the provider is down"'))(pause)
app.command(epilog=_example("reelmill resume api.describe"))(resume)
app.command(epilog=_example("reelmill doctor"))(doctor)
app.command(epilog=_example("reelmill transcode holiday.mov -o out"))(transcode)
app.command(epilog=_example("reelmill describe holiday.mov --json"))(describe)


def main(arguments: Sequence[str] | None = None) -> int:
    """Run a command and return its exit status; without arguments, the process's own are taken."""
    given = list(sys.argv[1:] if arguments is None else arguments)
    as_json = "--json" in given
    try:
        status = app(given, prog_name="reelmill", standalone_mode=False) or 0
    except (ReelmillError, TyperException) as error:
        return report(error, as_json=as_json)
    return report(Interrupted(), as_json=as_json) if status == INTERRUPTED else int(status)
