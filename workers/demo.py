"""`make demo`: the whole mill on real clips in two minutes, from raw files to recommendations with reasons."""

from __future__ import annotations

import shlex
import shutil
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import UUID

from rich.console import Console

from reelmill import parts
from reelmill.cli.answers import clean, console
from reelmill.cli.bars import display
from reelmill.cli.door import opened
from reelmill.cli.picks import show_picks, titled
from reelmill.cli.sources import uploads
from reelmill.cli.tables import name, print_table
from reelmill.cli.waiting import POLL_S, all_final, at_work, wait
from reelmill.embedded.locks import is_held
from reelmill.errors import Misuse
from reelmill.ledger import Ledger
from reelmill.models.asset import REQUIRED, WITHOUT
from reelmill.models.catalogue import ASSETS, missing, sample_clips
from reelmill.recommend.picks import Pick
from reelmill.recommend.search import search
from reelmill.recommend.similar import similar
from reelmill.settings import Settings
from reelmill.toolbox import Toolbox
from reelmill.uploads import Upload
from reelmill.video import State
from workers.mill import mill

TENANT = "default"
"""The commands' own default, so that what the demo made can be asked for afterwards."""
SHOWN = 50
"""Videos of a large folder that are looked at for examples."""
EXAMPLES, NEAREST, FOUND = 3, 3, 3
"""Videos whose neighbours are shown, how many of these each, and how many answers to the search."""
SAMPLE_QUERY = "a man driving a car"
WORKERS_START_S = 60.0
"""How long workers are waited for in silence; after that the wait says what is missing."""


def run(settings: Settings, videos: Path | None) -> int:
    """Show the whole mill on the sample clips, or on the files of a folder; gives the exit status.

    Raises `Misuse` when there is nothing to show it on, or the models' weights are missing.
    """
    out = console()
    _require_weights(settings, out)
    clips = _clips(settings, videos)
    out.print(
        f"{len(clips)} raw clips with no metadata go in; titles, tags and recommendations come out.", style="bold"
    )
    out.print("Everything runs on this machine: PostgreSQL, Valkey, Celery workers, ffmpeg, small models; no key.")
    with _running(settings, out) as (ledger, keep):
        ids = _ingest(ledger, clips)
        _await_workers(ledger, ids, keep)
        wait(ledger, ids, display(len(ids), console(stderr=True)), keep)
        return _tell(parts.chosen(settings, ledger.pool), ids, SAMPLE_QUERY if videos is None else None, out)


def _require_weights(settings: Settings, out: Console) -> None:
    lacking = missing(settings.model_dir.expanduser(), ASSETS)
    needed = [asset.name for asset in lacking if asset.role in REQUIRED]
    if needed:
        raise Misuse(f"The models' weights are not here yet ({', '.join(needed)}): run `make setup`.")
    for role in sorted({asset.role for asset in lacking}):
        out.print(f"Some files are missing. {WITHOUT[role]} `make setup` fetches them.", style="yellow")


def _clips(settings: Settings, videos: Path | None) -> list[Upload]:
    if videos is not None:
        found = uploads([str(videos)]).uploads
        if not found:
            raise Misuse(f"There are no files in {videos}.")
        return found
    samples = sample_clips(settings.model_dir.expanduser())
    if not samples:
        raise Misuse("The sample clips are not here: run `make setup`, or `make demo VIDEOS=folder` with your own.")
    return uploads([str(clip) for clip in samples]).uploads


@contextmanager
def _running(settings: Settings, out: Console) -> Iterator[tuple[Ledger, Callable[[], None]]]:
    """The ledger of a mill that runs, and what keeps that running: nothing, when somebody else's does already."""
    if is_held(settings.data_dir / "mill.pid"):
        out.print(f"The mill that runs in {settings.data_dir} already does the work.")
        with opened(settings) as ledger:
            yield ledger, lambda: None
        return
    out.print(f"Starting the mill in {settings.data_dir}; its logs are in {settings.data_dir / 'logs'}.")
    with mill(settings, doors=False) as started:
        with opened(settings.model_copy(update={"database_url": started.servers.database_url})) as ledger:
            yield ledger, started.supervisor.keep
        out.print("Stopping the mill; what it learned is kept.")


def _ingest(ledger: Ledger, clips: Sequence[Upload]) -> list[UUID]:
    """Enqueue them; one that failed in an earlier demo gets another chance."""
    ids = [ledger.videos.enqueue(clip.source, version=clip.version, tenant=TENANT).id for clip in clips]
    ledger.videos.retry(ids)
    return ids


def _await_workers(ledger: Ledger, ids: Sequence[UUID], keep: Callable[[], None]) -> None:
    """Wait for workers, if there is anything left to do for them."""
    give_up_s = time.monotonic() + WORKERS_START_S
    while not (at_work(ledger) or all_final(ledger, ids)) and time.monotonic() < give_up_s:
        keep()
        time.sleep(POLL_S)


def _tell(tools: Toolbox, ids: Sequence[UUID], query: str | None, out: Console) -> int:
    """Show what came out; 1 if any video failed or was blocked."""
    ledger = tools.ledger
    rows = ledger.status.videos(ids=ids, limit=len(ids))
    indexed = [row for row in rows if row["state"] == State.INDEXED]
    failed = [row for row in rows if row["state"] in (State.FAILED, State.BLOCKED)]
    if indexed:
        described = [detail for row in indexed[:SHOWN] if (detail := ledger.status.video(row["id"]))]
        _show_descriptions(described, out)
        _show_similar(tools, described, out)
        query = query or _commonest_tag(described)
        _show_search(tools, query, out)
        _show_next(indexed[0]["id"], query, out)
    for row in failed:
        out.print(
            clean(f"{row['state']}: {row['source']}: {row['error']['class']}: {row['error']['message']}"), style="red"
        )
    return 1 if failed else 0


def _show_descriptions(videos: Sequence[dict[str, Any]], out: Console) -> None:
    _heading("What the clips show", out)
    rows = []
    for video in videos:
        said = video["description"]
        tags = ", ".join(tag["name"] for tag in said["tags"][:6])
        rows.append((Path(video["source"]).name, said["title"], ", ".join(said["genres"]), tags))
    print_table(out, ("clip", "title", "genres", "tags"), rows)


def _show_similar(tools: Toolbox, videos: Sequence[dict[str, Any]], out: Console) -> None:
    for video, picks in _best_examples(tools, videos):
        _heading(f"Most like {name(video)}", out)
        show_picks(out, titled(tools.ledger, picks), with_ids=False)


def _best_examples(tools: Toolbox, videos: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], list[Pick]]]:
    """The videos with the nearest neighbours; of two that are each other's nearest, one."""
    pool, store = tools.ledger.pool, tools.vectors
    answers = [(video, similar(pool, store, video["id"], NEAREST)) for video in videos]
    ranked = sorted((each for each in answers if each[1]), key=lambda each: -each[1][0].score)
    chosen: dict[frozenset[UUID], tuple[dict[str, Any], list[Pick]]] = {}
    for video, picks in ranked:
        chosen.setdefault(frozenset((video["id"], picks[0].video_id)), (video, picks))
    return list(chosen.values())[:EXAMPLES]


def _show_search(tools: Toolbox, query: str, out: Console) -> None:
    _heading(f"Search: {query}", out)
    picks = search(tools.ledger.pool, tools.vectors, tools.text, query, FOUND, tenant=TENANT)
    show_picks(out, titled(tools.ledger, picks), with_ids=False)


def _commonest_tag(videos: Sequence[dict[str, Any]]) -> str:
    """A search that finds something among clips that nobody has described by hand."""
    names = [tag["name"] for video in videos for tag in video["description"]["tags"]]
    return max(names, key=names.count, default="people")


def _show_next(video_id: UUID, query: str, out: Console) -> None:
    _heading("What to type next", out)
    command = "reelmill" if shutil.which("reelmill") else _shortest(Path(sys.executable).with_name("reelmill"))
    out.print(f"  {command} status {video_id}")
    out.print(f"  {command} similar {video_id}")
    out.print(f"  {command} search {shlex.quote(clean(query))}")
    out.print("  make up    (starts the mill for good, with Flower and an HTTP door)")
    out.print(f"  {command} ingest YOUR-FOLDER --wait    (in another terminal)")


def _shortest(path: Path) -> str:
    return str(path.relative_to(Path.cwd())) if path.is_relative_to(Path.cwd()) else str(path)


def _heading(text: str, out: Console) -> None:
    out.print()
    out.print(clean(text), style="bold cyan")
