"""Does `similar` find its like? Real clips through the real engine, pgvector and `similar`'s own code.

`python -m benchmarks.retrieval --clips DIR`, DIR holding clips and a `labels.csv` with columns `file` and `class`.
Each clip is asked in turn for the others of its class. The classes of `--same-camera` are told apart: their clips
come from one camera or one set each, so that finding them proves little.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from uuid import UUID

from psycopg.types.json import Jsonb

from benchmarks.labelled_clips import Clip, Engine, labels_of, through_the_engine
from benchmarks.report import Cell, Report, parser, publish
from reelmill import embedded
from reelmill.index.pgvector import PgvectorStore
from reelmill.ledger.migrate import migrate
from reelmill.ledger.pool import Pool, open_pool
from reelmill.recommend.evaluate import leave_one_out, summary, worth_asking
from reelmill.recommend.similar import similar
from reelmill.video import Space

FUSED_GOAL, TEXT_GOAL = 0.80, 0.55
"""Precision at 1, of all clips, for both spaces together and for the words alone."""
KS = (1, 3)
SAME_CAMERA = "sign_language,line_drawing,ui_animation,person_falling_indoors"

Precision = Mapping[UUID, Mapping[int, float]]


def main() -> int:
    """Measure, print, and exit 0 when both goals are reached."""
    options = parser(__doc__ or "", clips=True)
    options.add_argument("--same-camera", default=SAME_CAMERA, metavar="CLASS,...")
    options.add_argument("--cache", type=Path, metavar="DIR", help="keep what the engine makes of each clip")
    asked = options.parse_args()
    with TemporaryDirectory() as scratch:
        engine = Engine(_made(asked.cache or Path(scratch, "clips")))
        clips = dict(through_the_engine(asked.clips, engine))
        with library(Path(scratch, "servers")) as pool:
            ids = fill(pool, clips, engine.spaces)
            labels = worth_asking({ids[name]: label for name, label in labels_of(asked.clips).items() if name in ids})
            ways = measured(pool, labels, engine.spaces)
    return publish(report(labels, ways, asked.same_camera.split(",")), as_json=asked.json)


@contextmanager
def library(folder: Path) -> Iterator[Pool]:
    """An empty, migrated database on embedded servers, for as long as the context is open."""
    with embedded.servers(_made(folder), None, None) as found:
        migrate(found.database_url)
        with open_pool(found.database_url, size=4, name="benchmark") as pool:
            yield pool


def fill(pool: Pool, clips: Mapping[str, Clip], spaces: Sequence[Space]) -> dict[str, UUID]:
    """Put the clips into the ledger and the index as the stages would leave them; their ids by file."""
    store = PgvectorStore(pool)
    for space in spaces:
        store.add_space(space)
    with pool.connection() as connection, connection.transaction():
        ids = {}
        for name, clip in clips.items():
            [[ids[name]]] = connection.execute(
                "INSERT INTO reelmill.videos (source, state) VALUES (%s, 'indexed') RETURNING id", [name]
            )
            said = clip.description.model_dump(mode="json")
            connection.execute(
                "INSERT INTO reelmill.descriptions "
                "(video_id, title, genres, description, tags, evidence, index_text) "
                "VALUES (%s, %s, %s, %s, %s, '[]', %s)",
                [
                    ids[name],
                    said["title"],
                    said["genres"],
                    said["description"],
                    Jsonb(said["tags"]),
                    said["index_text"],
                ],
            )
            for space, vector in clip.vectors.items():
                connection.execute(
                    "INSERT INTO reelmill.embeddings (video_id, space, vector) VALUES (%s, %s, %s)",
                    [ids[name], space.name, vector.tolist()],
                )
            store.upsert(connection, ids[name], spaces)
    return ids


def measured(pool: Pool, labels: Mapping[UUID, str], spaces: Sequence[Space]) -> dict[str, Precision]:
    """Precision by the way of asking: both spaces, or one alone."""
    ways = {"fused": list(spaces)} | {space.kind: [space] for space in spaces}
    return {way: leave_one_out(labels, partial(_ranking, pool, chosen), KS) for way, chosen in ways.items()}


def report(labels: Mapping[UUID, str], ways: Mapping[str, Precision], same_camera: Sequence[str]) -> Report:
    """The two goals, and a row for all clips, for those of many cameras, for those of one, and for each class."""
    fused, text = (summary(labels, ways[way]).precision[1] for way in ("fused", "text"))
    groups = {
        "all": list(labels),
        "many cameras": [item for item, label in labels.items() if label not in same_camera],
        "one camera": [item for item, label in labels.items() if label in same_camera],
    }
    groups |= {label: [i for i in labels if labels[i] == label] for label in sorted(set(labels.values()))}
    return Report(
        name="retrieval",
        goal=f"fused P@1 >= {FUSED_GOAL:.2f}, text alone >= {TEXT_GOAL:.2f}",
        value=fused,
        ok=fused >= FUSED_GOAL and text >= TEXT_GOAL,
        rows=[_row(labels, ways, group, items) for group, items in groups.items() if items],
        inputs={"clips": len(labels), "classes": len(set(labels.values()))},
    )


def _row(
    labels: Mapping[UUID, str], ways: Mapping[str, Precision], group: str, items: Sequence[UUID]
) -> dict[str, Cell]:
    scores = {way: summary(labels, {i: precision[i] for i in items}) for way, precision in ways.items()}
    figures = {f"{way} P@{k}": score.precision[k] for way, score in scores.items() for k in KS}
    return {"group": group, "clips": len(items), **figures, "chance": scores["fused"].chance}


def _ranking(pool: Pool, spaces: Sequence[Space], video_id: UUID) -> list[UUID]:
    return [pick.video_id for pick in similar(pool, PgvectorStore(pool), video_id, 200, spaces=spaces)]


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder


if __name__ == "__main__":
    sys.exit(main())
