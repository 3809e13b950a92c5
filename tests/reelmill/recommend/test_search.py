from collections.abc import Sequence

import numpy as np
import pytest

from reelmill.errors import Misuse
from reelmill.recommend.search import search
from reelmill.video import Space, Vector
from tests.reelmill.index.library import Library

pytestmark = pytest.mark.services

TEXT = Space("text_test", "text", 2)


class Compass:
    """An embedder whose space is a plane: a query of `east` points east, any other north."""

    def __init__(self, space: Space = TEXT) -> None:
        self.space = space

    def embed_documents(self, texts: Sequence[str]) -> list[Vector]:
        return [self.embed_query(text) for text in texts]

    def embed_query(self, text: str) -> Vector:
        return np.array([1, 0] if "east" in text else [0, 1], np.float32)


@pytest.fixture
def library(library: Library) -> Library:
    library.store.add_space(TEXT)
    return library


def test_the_best_match_comes_first_with_what_matched(library: Library) -> None:
    north = library.add({TEXT: [0, 1]}, title="Going north")
    east = library.add({TEXT: [1, 0]}, title="Going east", tags=[("east", 0.9), ("sun", 0.8)])
    library.add({TEXT: [1, 0]}, tenant="other")
    library.add({}, title="east, but without a vector")
    picks = search(library.pool, library.store, Compass(), "the east", tenant="default")
    assert [pick.video_id for pick in picks] == [east, north]
    assert picks[0].reason == "tags: east; title: east; likeness of meaning 1.00"
    assert picks[0].score == pytest.approx(1)
    assert picks[1].reason == "likeness of meaning 0.00"
    assert len(search(library.pool, library.store, Compass(), "east", 1, tenant="default")) == 1


def test_an_embedder_of_another_space_is_refused(library: Library) -> None:
    other = Compass(Space("text_other", "text", 2))
    with pytest.raises(Misuse, match="text_other: it is not the active space"):
        search(library.pool, library.store, other, "east", tenant="default")


@pytest.mark.parametrize(("text", "k"), [("  ", 10), ("east", 0), ("east", 201)])
def test_an_empty_query_and_a_k_out_of_bounds_are_refused(library: Library, text: str, k: int) -> None:
    with pytest.raises(Misuse):
        search(library.pool, library.store, Compass(), text, k, tenant="default")
