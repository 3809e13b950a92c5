"""`reelmill pause` and `reelmill resume`: stop handing out work from one queue, and go on."""

from __future__ import annotations

from typing import Annotated

import typer

from reelmill.cli.answers import AsJson, answer, clean
from reelmill.cli.failures import CommandLineError

Lane = Annotated[str, typer.Argument(metavar="QUEUE", help="Such as cpu, api.describe, api.embed, index.")]

LONGEST_MINUTES = 366 * 24 * 60


def pause(
    queue: Lane,
    minutes: Annotated[
        int | None, typer.Option(min=1, max=LONGEST_MINUTES, help="For how long; without it, until resumed.")
    ] = None,
    reason: Annotated[str, typer.Option(help="Why; `status` and `doctor` show it.")] = "paused by hand",
    as_json: AsJson = False,
) -> None:
    """Hand out no more work from a queue. What was handed out before may still run; other queues go on.

    Of two pauses the one that ends later counts: to shorten one, resume first.
    """
    from reelmill.cli.door import opened
    from reelmill.ledger.lanes import UNTIL_RESUMED_S
    from reelmill.settings import load_settings

    _require_known(queue)
    if not 0 < len(reason) <= 500:
        raise CommandLineError("A reason is 1 to 500 characters long.")
    with opened(load_settings()) as ledger:
        ledger.lanes.pause(queue, minutes * 60.0 if minutes else UNTIL_RESUMED_S, reason)
        pauses = ledger.lanes.paused()
    sentence = f"{queue} is paused {pauses[queue].end}." if queue in pauses else f"{queue} was resumed meanwhile."
    answer({"ok": True}, lambda out: out.print(clean(sentence)), as_json=as_json)


def resume(queue: Lane, as_json: AsJson = False) -> None:
    """Hand out work from a paused queue again, at once."""
    from reelmill.cli.door import opened
    from reelmill.settings import load_settings

    _require_known(queue)
    with opened(load_settings()) as ledger:
        ledger.lanes.resume(queue)
    answer({"ok": True}, lambda out: out.print(f"{queue} is not paused."), as_json=as_json)


def _require_known(queue: str) -> None:
    from reelmill.ledger.lanes import stage_of

    if stage_of(queue) is None:
        raise CommandLineError(
            f"No queue is called {queue!r}; there are cpu, api.describe, api.embed, index, and gpu.<8 hex digits>."
        )
