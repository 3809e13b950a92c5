"""`python -m workers`: run the mill's processes."""

from __future__ import annotations

import os
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Annotated

import psycopg
import typer

from config.queues import queues
from reelmill.embedded.locks import is_held, lock
from reelmill.errors import ReelmillError
from reelmill.ledger import open_ledger
from reelmill.ledger.pool import open_pool
from reelmill.ledger.processes import Processes
from reelmill.settings import load_settings
from workers import boot
from workers.mill import Mill, mill
from workers.telemetry import SignOfLife, configure_logs

cli = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False, help=__doc__)


@cli.command()
def up() -> None:
    """Start the servers, the dispatcher, a worker for each queue, the HTTP door and Flower; Ctrl-C stops all."""
    settings = load_settings()
    configure_logs(settings)
    stop = stop_on_signals()
    with mill(settings) as running:
        _print_welcome(running)
        running.supervisor.watch(stop)
        typer.echo("Stopping; work in hand gets ten seconds.")


@cli.command()
def down() -> None:
    """Stop the mill that runs in this data folder, and wait until it has stopped."""
    pid_file = load_settings().data_dir / "mill.pid"
    if not is_held(pid_file):
        typer.echo("No mill runs here.")
        return
    os.kill(int(pid_file.read_text()), signal.SIGTERM)
    os.close(lock(pid_file))
    typer.echo("Stopped.")


@cli.command()
def dispatch() -> None:
    """Run a dispatcher: it leads, or stands by for the one that does."""
    from workers.app import app
    from workers.dispatcher import Dispatcher

    settings = load_settings()
    configure_logs(settings)
    url = boot.database_url(settings)
    with open_pool(url, size=2, name="dispatcher") as pool:
        ledger = open_ledger(pool, lease_s=settings.lease_s, ring_wait_s=settings.ring_wait_s)
        dispatcher = Dispatcher(app, ledger, queues(settings, cores=os.cpu_count() or 1), settings, url)
        SignOfLife(Processes(pool), f"dispatcher@{socket.gethostname()}:{os.getpid()}", "dispatcher").start()
        dispatcher.run(stop_on_signals())


@cli.command()
def alive(queue: Annotated[str, typer.Argument(metavar="QUEUE", help="Such as cpu or api.describe.")]) -> None:
    """Tell whether this host's worker of QUEUE lives and takes messages: a health probe for whatever restarts it."""
    from workers.probe import verdict

    found = verdict(load_settings(), queue, host=socket.gethostname())
    if found:
        sys.exit(found)


@cli.command()
def demo(
    videos: Annotated[Path | None, typer.Option(help="A folder of your own clips, instead of the samples.")] = None,
) -> None:
    """Show the whole mill on real clips: start everything, ingest, describe, compare, stop."""
    from workers.demo import run

    sys.exit(run(load_settings(), videos))


def stop_on_signals() -> threading.Event:
    """An event that SIGTERM and Ctrl-C set."""
    stop = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: stop.set())
    return stop


def _print_welcome(running: Mill) -> None:
    typer.echo(
        f"The mill runs. Ctrl-C stops it.\n"
        f"  HTTP    {running.api_url}  (POST /v1/videos)\n"
        f"  Flower  {running.flower_url}  (user reelmill, password {running.flower_password})\n"
        f"  logs    {running.logs}"
    )


def main() -> None:
    """Run a command; an error of ours is one sentence on stderr."""
    try:
        cli()
    except ReelmillError as error:
        sys.exit(f"reelmill: {error}")
    except psycopg.OperationalError as error:
        sys.exit(f"reelmill: The database of REELMILL_DATABASE_URL cannot be used: {' '.join(str(error).split())}")


if __name__ == "__main__":
    main()
