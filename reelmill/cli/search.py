"""`reelmill search`: the videos that a text fits."""

from __future__ import annotations

from typing import Annotated

import typer

from reelmill.cli.answers import AsJson, answer
from reelmill.cli.failures import CommandLineError
from reelmill.cli.similar import Count


def search(
    text: Annotated[str, typer.Argument(help="What to look for, in plain words.")],
    k: Count = 10,
    tenant: Annotated[str, typer.Option(help="Whose videos to search.")] = "default",
    as_json: AsJson = False,
) -> None:
    """Show the videos that a text fits, the best first, with a score and the reason for each."""
    from reelmill import parts
    from reelmill.cli.door import opened
    from reelmill.cli.picks import pick_document, show_picks, titled
    from reelmill.index.spaces import active
    from reelmill.recommend.search import search as find
    from reelmill.settings import load_settings
    from reelmill.uploads import is_text

    if not (text.strip() and is_text(text)):
        raise CommandLineError("Say in words what to search for.")
    settings = load_settings()
    with opened(settings) as ledger:
        with ledger.pool.connection() as connection:
            begun = bool(active(connection))
        # A ledger that no mill has worked with yet has no index; that is nothing found, and no failure.
        tools = parts.chosen(settings, ledger.pool) if begun else None
        picks = find(ledger.pool, tools.vectors, tools.text, text, k, tenant=tenant) if tools else []
        rows = titled(ledger, picks)
    document = {"video": None, "query": text, "items": [pick_document(pick) for pick in picks]}
    answer(document, lambda out: show_picks(out, rows), as_json=as_json)
