"""How a command ends when it cannot do what was asked: one sentence on stderr, and whose fault it is."""

from __future__ import annotations

from typing import Any

from typer.exceptions import TyperException

from reelmill.cli.answers import clean, complain, console, write_json
from reelmill.errors import Misuse, ReelmillError

FAILED, MISUSE, INTERRUPTED = 1, 2, 130
"""Exit statuses: it could not be done; the command line is wrong; Ctrl-C (128 and the signal's number)."""


class CommandLineError(Misuse):
    """What the command line says can be told to be wrong without asking the mill; nothing was done."""


class Interrupted(ReelmillError):
    """Interrupted."""


def report(error: ReelmillError | TyperException, *, as_json: bool) -> int:
    """Say what went wrong, on stdout too for a program that waits for its document; gives the exit status."""
    if as_json:
        write_json({"ok": False, "error": error_document(error)})
    explain(error, evidence=not as_json)
    return _exit_status(error)


def explain(error: ReelmillError | TyperException, *, evidence: bool) -> None:
    """Say on stderr what went wrong, with the evidence below it if that is wanted."""
    complain(_sentence(error))
    if evidence and isinstance(error, ReelmillError):
        for line in error.evidence.splitlines():
            console(stderr=True).print(f"    {clean(line)}", soft_wrap=True)


def error_document(error: ReelmillError | TyperException) -> dict[str, Any]:
    """An error as `{"class", "message"}`, with its evidence where there is any."""
    if isinstance(error, TyperException):
        return {"class": CommandLineError.__name__, "message": error.format_message()}
    evidence = {"evidence": error.evidence} if error.evidence else {}
    return {"class": type(error).__name__, "message": str(error), **evidence}


def _sentence(error: ReelmillError | TyperException) -> str:
    if isinstance(error, ReelmillError):
        return str(error)
    context = getattr(error, "ctx", None)
    command = context.command_path if context else "reelmill"
    return f"{error.format_message().rstrip('.')}. See `{command} --help`."


def _exit_status(error: ReelmillError | TyperException) -> int:
    match error:
        case TyperException():
            return error.exit_code
        case CommandLineError():
            return MISUSE
        case Interrupted():
            return INTERRUPTED
    return FAILED
