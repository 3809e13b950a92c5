from collections.abc import Callable
from uuid import UUID, uuid4

import numpy as np
import pytest
from psycopg import sql

from reelmill.index import pgvector, spaces
from reelmill.video import Space, Vector
from tests.reelmill.index.library import Library, unit_vectors

pytestmark = pytest.mark.services

PLANE = Space("text_plane", "text", 2)
SPACE = Space("text_test", "text", 16)

SIMILARITY: dict[str, Callable[[Vector, Vector], float]] = {
    "cosine": lambda a, b: float(a @ b / np.linalg.norm(a) / np.linalg.norm(b)),
    "inner_product": lambda a, b: float(a @ b),
    "l2": lambda a, b: -float(np.linalg.norm(a - b)),
    "l1": lambda a, b: -float(np.abs(a - b).sum()),
}


def test_a_vector_comes_back_as_it_was_indexed_and_a_missing_one_is_missing(library: Library) -> None:
    library.store.add_space(PLANE)
    library.store.add_space(SPACE)
    video_id = library.add({PLANE: [0.6, -0.8]})
    vectors = library.store.vectors_of(video_id, [PLANE, SPACE])
    assert list(vectors) == ["text_plane"]
    assert vectors["text_plane"].dtype == np.float32
    np.testing.assert_allclose(vectors["text_plane"], [0.6, -0.8], atol=1e-3)


def test_an_upsert_stands_or_falls_with_the_callers_transaction(library: Library) -> None:
    library.store.add_space(PLANE)
    video_id = library.add({PLANE: [1, 0]}, state="embedded")
    with library.pool.connection() as connection, connection.transaction(force_rollback=True):
        library.store.upsert(connection, video_id, [PLANE])
    assert not library.store.vectors_of(video_id, [PLANE])


def test_a_second_upsert_replaces_the_vector_and_one_of_the_same_vector_writes_nothing(library: Library) -> None:
    library.store.add_space(PLANE)
    video_id = library.add({PLANE: [1, 0]})
    with library.pool.connection() as connection:
        before = _row_version(connection, video_id)
        library.store.upsert(connection, video_id, [PLANE])
        assert _row_version(connection, video_id) == before
        connection.execute("UPDATE reelmill.embeddings SET vector = '{0,1}'")
        library.store.upsert(connection, video_id, [PLANE])
    assert library.store.vectors_of(video_id, [PLANE])["text_plane"].tolist() == [0, 1]


def test_a_deleted_video_leaves_the_index(library: Library) -> None:
    library.store.add_space(PLANE)
    video_id = library.add({PLANE: [1, 0]})
    with library.pool.connection() as connection:
        connection.execute("DELETE FROM reelmill.videos WHERE id = %s", [video_id])
    assert library.store.nearest(PLANE, np.array([1, 0], np.float32), tenant="default", k=1) == []


def test_a_backfill_brings_indexed_videos_alone_and_leaves_the_index_in_place(library: Library) -> None:
    library.store.add_space(SPACE)
    ids = library.add_many(SPACE, unit_vectors(50, 16), tenant="default")
    library.add({SPACE: unit_vectors(1, 16)[0].tolist()}, state="embedded")
    assert library.store.backfill(SPACE) == 50
    assert library.store.backfill(SPACE) == 0
    found = library.store.nearest(SPACE, unit_vectors(1, 16)[0], tenant="default", k=200)
    assert {near.video_id for near in found} == set(ids)
    with library.pool.connection() as connection:
        [there] = connection.execute("SELECT to_regclass('reelmill.space_text_test_hnsw') IS NOT NULL").fetchone()
    assert there


def test_a_backfill_of_a_table_in_use_adds_what_is_missing(library: Library) -> None:
    library.store.add_space(SPACE)
    library.add({SPACE: unit_vectors(1, 16)[0].tolist()})
    library.add_many(SPACE, unit_vectors(20, 16), tenant="default")
    assert library.store.backfill(SPACE) == 20


@pytest.mark.parametrize("metric", sorted(SIMILARITY))
@pytest.mark.parametrize("exact_up_to", [0, 5000], ids=["hnsw", "exact"])
def test_the_nearest_are_those_of_the_metric_nearest_first(
    library: Library, monkeypatch: pytest.MonkeyPatch, metric: str, exact_up_to: int
) -> None:
    monkeypatch.setattr(pgvector, "EXACT_UP_TO", exact_up_to)
    _use_hnsw(library)
    space = Space("text_metric", "text", 16, metric)
    library.store.add_space(space)
    # Of different lengths, or cosine, inner product and L2 would all give one order.
    vectors = unit_vectors(300, 16) * np.linspace(0.5, 2, 300, dtype=np.float32)[:, None]
    ids = library.add_many(space, vectors, tenant="default")
    library.store.backfill(space)
    query = unit_vectors(1, 16, seed=7)[0]
    right = sorted(((SIMILARITY[metric](query, vector), id_) for id_, vector in zip(ids, vectors, strict=True)))
    found = library.store.nearest(space, query, tenant="default", k=10)
    assert [near.video_id for near in found] == [video_id for _, video_id in right[:-11:-1]]
    expected = [similarity for similarity, _ in right[:-11:-1]]
    assert [near.similarity for near in found] == pytest.approx(expected, abs=5e-3)


def test_a_tiny_tenant_among_a_big_one_gets_as_many_as_it_asked_for(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """HNSW alone would stop: all that is near the query, for more than its scan limit, is another tenant's."""
    monkeypatch.setattr(pgvector, "EXACT_UP_TO", 0)
    library.store.add_space(SPACE)
    here = unit_vectors(1, 16)[0]
    library.add_many(SPACE, here + 0.01 * unit_vectors(3000, 16), tenant="big")
    tiny = library.add_many(SPACE, -here + 0.01 * unit_vectors(12, 16), tenant="tiny")
    library.store.backfill(SPACE)
    _use_hnsw(library, scan_limit=1000)  # As with millions of rows by its default of 20,000.
    assert len(_approximate(library, here, tenant="tiny", k=10)) < 10
    found = library.store.nearest(SPACE, here, tenant="tiny", k=10, exclude=tiny[:2])
    assert {near.video_id for near in found} == set(tiny[2:])


def test_a_large_tenant_is_served_by_hnsw_past_whatever_is_excluded(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(pgvector, "EXACT_UP_TO", 100)
    monkeypatch.setattr(pgvector, "_NEAREST_EXACT", sql.SQL("SELECT the_exact_search"))
    _use_hnsw(library)
    library.store.add_space(SPACE)
    vectors = unit_vectors(2000, 16)
    ids = library.add_many(SPACE, vectors, tenant="default")
    library.store.backfill(SPACE)
    nearest_first = [ids[row] for row in np.argsort(-(vectors @ vectors[0]))]
    found = library.store.nearest(SPACE, vectors[0], tenant="default", k=10, exclude=nearest_first[:500])
    got = [near.video_id for near in found]
    assert len(got) == 10
    assert len(set(got) & set(nearest_first[500:510])) >= 9


def test_the_settings_of_a_search_end_with_it(library: Library, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pgvector, "EXACT_UP_TO", 0)
    library.store.add_space(PLANE)
    library.add({PLANE: [1, 0]})
    library.store.nearest(PLANE, np.array([1, 0], np.float32), tenant="default", k=1)
    with library.pool.connection() as connection:
        assert connection.execute("SELECT current_setting('hnsw.iterative_scan')").fetchone() == ("off",)


def test_equally_near_videos_come_in_the_order_of_their_ids(library: Library) -> None:
    library.store.add_space(PLANE)
    ids = [library.add({PLANE: [1, 0]}, state="embedded") for _ in range(5)]
    with library.pool.connection() as connection:
        for video_id in reversed(ids):
            library.store.upsert(connection, video_id, [PLANE])
    found = library.store.nearest(PLANE, np.array([1, 0], np.float32), tenant="default", k=5)
    assert [near.video_id for near in found] == sorted(ids)


def test_similarities_are_those_of_the_videos_named_and_in_the_space(library: Library) -> None:
    library.store.add_space(PLANE)
    same, across, other = (library.add({PLANE: vector}) for vector in ([1, 0], [0, 1], [-1, 0]))
    found = library.store.similarities(PLANE, np.array([1, 0], np.float32), [same, across, uuid4()])
    assert found == pytest.approx({same: 1, across: 0})
    assert other not in found


def _row_version(connection, video_id: UUID) -> tuple[str]:
    query = sql.SQL("SELECT xmin::text FROM {} WHERE video_id = %s").format(spaces.table(PLANE))
    return connection.execute(query, [video_id]).fetchone()


def _use_hnsw(library: Library, *, scan_limit: int = 20_000) -> None:
    """Keep the planner, on the pool's one connection, from sorting these few rows instead."""
    with library.pool.connection() as connection:
        connection.execute("SELECT '[1]'::vector")  # The setting below exists once pgvector is loaded.
        connection.execute(f"SET enable_sort = off; SET hnsw.max_scan_tuples = {scan_limit}")


def _approximate(library: Library, vector: Vector, *, tenant: str, k: int) -> list[object]:
    asked = {"vector": str(vector.tolist()), "tenant": tenant, "k": k, "exclude": []}
    with library.pool.connection() as connection, connection.transaction():
        return pgvector._approximate(connection, SPACE, asked)
