"""`python -m reelmill.models fetch|list`: the door to the model folder, at set-up and for a look."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress

from reelmill.models.asset import REQUIRED, WITHOUT, Role
from reelmill.models.catalogue import ASSETS, IMAGE_WEIGHTS
from reelmill.models.download import download
from reelmill.models.fetch import Failure, Fetched, Wanted, fetch, wanting
from reelmill.models.graph import image_graph
from reelmill.settings import Settings

app = typer.Typer(help="The offline models' weights and the sample clips.", no_args_is_help=True)
console = Console(soft_wrap=True, highlight=False, markup=False)
complaints = Console(soft_wrap=True, highlight=False, markup=False, stderr=True)

ModelDir = Annotated[
    Path | None, typer.Option(help="The model folder; unset means REELMILL_MODEL_DIR, or its default.")
]


def chosen(model_dir: Path | None) -> Path:
    """The folder that was asked for, or the settings' one."""
    return (model_dir or Settings().model_dir).expanduser()


@app.command("fetch")
def fetch_command(
    only: Annotated[Role | None, typer.Option(help="Fetch files of this role only.")] = None,
    model_dir: ModelDir = None,
) -> None:
    """Fetch the files that are not there, or not whole. Exit 1 if the offline models cannot work without one."""
    folder = chosen(model_dir)
    assets = [asset for asset in ASSETS if only in (None, asset.role)]
    failures = fetch_visibly(wanting(assets, folder), folder)
    if IMAGE_WEIGHTS in assets and IMAGE_WEIGHTS.present(folder):
        image_graph(folder)
    explain(failures)
    console.print(f"{len(assets) - len(failures)} of {len(assets)} files are in {folder}.")
    if any(failure.asset.role in REQUIRED for failure in failures):
        raise typer.Exit(1)


@app.command("list")
def list_command(model_dir: ModelDir = None) -> None:
    """List every file: what it is for, whose it is, and whether it is there."""
    folder = chosen(model_dir)
    console.print(f"In {folder}:")
    for asset in ASSETS:
        there = "there" if asset.present(folder) else "missing"
        console.print(f"{there:<8}{asset.role:<9}{asset.name:<38}{asset.package}; {asset.licence}")


def fetch_visibly(wanted: Wanted, folder: Path) -> list[Failure]:
    """Fetch with a line for each package, and on a terminal a bar."""
    with Progress(console=console, transient=True, disable=not console.is_terminal) as progress:
        task = progress.add_task("Fetching packages", total=len(wanted))

        def on_package(fetched: Fetched) -> None:
            console.print(f"{'failed ' if fetched.failures else 'fetched'} {fetched.package}")
            progress.advance(task)

        return fetch(wanted, folder, download, on_package)


def explain(failures: Sequence[Failure]) -> None:
    """Say which files are missing, why, and what will not work."""
    for role in sorted({failure.asset.role for failure in failures}):
        for failure in failures:
            if failure.asset.role == role:
                complaints.print(f"{failure.asset.name} is missing. {failure}", style="red")
        complaints.print(WITHOUT[role])
    if failures:
        complaints.print("Everything else works. To try again: python -m reelmill.models fetch")


if __name__ == "__main__":
    app()
