"""What a command prints: a JSON document for programs, text that holds no surprises for people."""

from __future__ import annotations

import json
import os
from collections.abc import Callable
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

import typer
from rich.console import Console

AsJson = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout, and nothing else there.")]
"""The option that every command has."""

PLAIN_WIDTH = 10_000
"""Columns of an output that is no terminal: a line is one line, however long."""


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Where people read: colours and moving bars on a terminal; plain lines elsewhere, or when NO_COLOR is set."""
    plain = False if os.environ.get("NO_COLOR") else None
    made = Console(stderr=stderr, quiet=quiet, highlight=False, markup=False, emoji=False, force_terminal=plain)
    if not made.is_terminal:
        made.width = PLAIN_WIDTH
    return made


def complain(sentence: str) -> None:
    """Say on stderr what is wrong."""
    console(stderr=True).print(f"reelmill: {clean(sentence)}", style="red", soft_wrap=True)


def clean(text: str) -> str:
    """The text on one line and without control characters.

    File names and a model's words come from strangers, and an escape sequence in them would act on the terminal.
    """
    return "".join(character if character.isprintable() else "\ufffd" for character in " ".join(text.split()))


def answer(document: Any, show: Callable[[Console], None], *, as_json: bool) -> None:
    """Give the command's answer: to programs the document, to people what `show` prints."""
    if as_json:
        write_json(document)
    else:
        show(console())


def write_json(document: Any) -> None:
    """Print one JSON document; only ASCII, so that whatever it quotes stays harmless and printable."""
    typer.echo(json.dumps(document, indent=2, default=_plain_value))


def _plain_value(value: Any) -> str:
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, UUID):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not a JSON value")
