"""`reelmill doctor`: what works here, what does not, and how to mend it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

import typer

from reelmill.cli.answers import AsJson, answer, clean
from reelmill.cli.failures import FAILED

if TYPE_CHECKING:
    from rich.console import Console

    from reelmill.doctor import Check


def doctor(as_json: AsJson = False) -> None:
    """Check this machine, the models, the servers and the workers; say how to mend what does not work."""
    from dataclasses import asdict

    from reelmill.doctor import Check, examine
    from reelmill.errors import Misuse
    from reelmill.settings import load_settings

    try:
        settings = load_settings()
    except Misuse as error:
        checks = [Check("settings", False, str(error), "Correct it, or unset it for the default.")]
    else:
        checks = list(examine(settings))
    ok = all(check.ok for check in checks)
    document = {"ok": ok, "checks": [asdict(check) for check in checks]}
    answer(document, lambda out: _show(out, checks), as_json=as_json)
    if not ok:
        raise typer.Exit(FAILED)


def _show(out: Console, checks: Sequence[Check]) -> None:
    from rich.text import Text

    for check in checks:
        mark = Text("ok  ", "green") if check.ok else Text("FAIL", "bold red")
        out.print(Text.assemble(mark, f"  {check.name}: ", clean(check.detail)), soft_wrap=True)
        if check.fix:
            out.print(f"      {clean(check.fix)}", soft_wrap=True)
    wrong = sum(not check.ok for check in checks)
    out.print(f"{wrong} of {len(checks)} checks failed." if wrong else "All is well.")
