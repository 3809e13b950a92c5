"""`reelmill similar`: the videos most like one."""

from __future__ import annotations

from typing import Annotated

import typer

from reelmill.cli.answers import AsJson, answer

Count = Annotated[int, typer.Option("-k", min=1, max=200, help="How many at most.")]


def similar(
    video: Annotated[str, typer.Argument(metavar="ID", help="An indexed video's id.")],
    k: Count = 10,
    as_json: AsJson = False,
) -> None:
    """Show the videos most like one, the likest first, with a score and the reason for each."""
    from reelmill.cli.door import opened, video_id
    from reelmill.cli.picks import pick_document, show_picks, titled
    from reelmill.index.pgvector import PgvectorStore
    from reelmill.recommend.similar import similar as find_similar
    from reelmill.settings import load_settings

    wanted = video_id(video)
    with opened(load_settings()) as ledger:
        picks = find_similar(ledger.pool, PgvectorStore(ledger.pool), wanted, k)
        rows = titled(ledger, picks)
    document = {"video": str(wanted), "items": [pick_document(pick) for pick in picks]}
    answer(document, lambda out: show_picks(out, rows), as_json=as_json)
