from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from threading import Barrier

import psycopg
import pytest

from reelmill.errors import Misuse
from reelmill.index import spaces
from reelmill.video import Space
from tests.reelmill.index.library import Library

TEXT = Space("text_a", "text", 4)
VISUAL = Space("visual_a", "visual", 3, "l2")

services = pytest.mark.services


@pytest.mark.parametrize("name", ["", "Text", "a-b", 'x"; DROP TABLE videos; --', "a" * 49, "a\n"])
def test_a_name_that_could_not_be_a_table_is_refused(name: str) -> None:
    with pytest.raises(Misuse, match="cannot name a space"):
        spaces.table(replace(TEXT, name=name))


@pytest.mark.parametrize("dimensions", [0, 4001])
def test_dimensions_that_pgvector_cannot_index_are_refused(dimensions: int) -> None:
    with pytest.raises(Misuse, match="1 to 4000 dimensions"):
        spaces.table(replace(TEXT, dimensions=dimensions))


@services
@pytest.mark.parametrize("metric", ["cosine", "inner_product", "l2", "l1"])
def test_a_space_gets_an_index_for_its_metric_alone(library: Library, metric: str) -> None:
    space = replace(TEXT, name="a" * 48, metric=metric)
    library.store.add_space(space)
    with library.pool.connection() as connection:
        connection.execute("SET enable_seqscan = off")
        query = f"EXPLAIN SELECT FROM reelmill.space_{'a' * 48} ORDER BY vector {{}} '[1,0,0,0]' LIMIT 1"
        using = [
            name
            for name, known in spaces.METRICS.items()
            if "hnsw" in str(connection.execute(query.format(known.operator.as_string())).fetchall())
        ]
    assert using == [metric]


@services
def test_four_processes_may_add_the_same_space_at_once(database_url: str) -> None:
    barrier = Barrier(4)

    def register(_: int) -> None:
        with psycopg.connect(database_url, autocommit=True) as connection:
            barrier.wait(timeout=30)
            spaces.register(connection, TEXT)

    with ThreadPoolExecutor(4) as processes:
        list(processes.map(register, range(4)))
    with psycopg.connect(database_url) as connection:
        assert spaces.active(connection) == [TEXT]


@services
@pytest.mark.parametrize("other", [{"dimensions": 5}, {"metric": "l1"}, {"kind": "visual"}])
def test_a_name_cannot_change_its_meaning(library: Library, other: dict[str, object]) -> None:
    library.store.add_space(TEXT)
    with pytest.raises(Misuse, match="text_a is there already, as text, 4 dimensions, cosine"):
        library.store.add_space(replace(TEXT, **other))


@services
def test_the_first_space_of_a_kind_is_active_and_a_later_one_waits(library: Library) -> None:
    for space in (TEXT, VISUAL, replace(TEXT, name="text_b")):
        library.store.add_space(space)
    with library.pool.connection() as connection:
        assert spaces.active(connection) == [TEXT, VISUAL]


@services
def test_activating_a_space_replaces_the_one_of_its_kind_and_can_be_undone(library: Library) -> None:
    later = replace(TEXT, name="text_b", dimensions=8)
    for space in (TEXT, VISUAL, later):
        library.store.add_space(space)
    with library.pool.connection() as connection:
        spaces.activate(connection, "text_b")
        assert spaces.active(connection) == [later, VISUAL]
        spaces.activate(connection, "text_a")
        assert spaces.active(connection) == [TEXT, VISUAL]


@services
def test_a_space_that_does_not_exist_cannot_be_activated(library: Library) -> None:
    with library.pool.connection() as connection, pytest.raises(Misuse, match="There is no space text_z"):
        spaces.activate(connection, "text_z")
