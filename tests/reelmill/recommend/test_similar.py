from uuid import UUID, uuid4

import pytest

from reelmill.errors import Misuse
from reelmill.recommend.similar import similar
from reelmill.video import Space
from tests.reelmill.index.library import Library, unit_vectors

pytestmark = pytest.mark.services

TEXT = Space("text_test", "text", 2)
VISUAL = Space("visual_test", "visual", 2)
EAST, NORTH, NORTH_EAST, WEST = [1, 0], [0, 1], [0.7071, 0.7071], [-1, 0]


@pytest.fixture
def library(library: Library) -> Library:
    library.store.add_space(TEXT)
    library.store.add_space(VISUAL)
    return library


def ask(library: Library, video_id: UUID, k: int = 10, **options: object) -> list[UUID]:
    return [pick.video_id for pick in similar(library.pool, library.store, video_id, k, **options)]


def test_both_spaces_count_and_a_pick_says_why(library: Library) -> None:
    asked = library.add({TEXT: EAST, VISUAL: EAST}, tags=[("grass", 0.5), ("dog", 0.9)])
    unlike = library.add({TEXT: WEST, VISUAL: WEST})
    looks_like_it = library.add({TEXT: NORTH, VISUAL: EAST})
    best = library.add({TEXT: NORTH_EAST, VISUAL: EAST}, tags=[("dog", 0.4), ("grass", 0.8), ("sky", 1)])
    picks = similar(library.pool, library.store, asked)
    assert [pick.video_id for pick in picks] == [best, looks_like_it, unlike]
    assert picks[0].reason == "looks alike (1.00); both: dog, grass"
    assert picks[1].reason == "looks alike (1.00)"
    assert picks[2].reason == "the nearest there is, though not alike"
    assert all(pick.source for pick in picks)


def test_a_video_without_words_is_compared_by_its_looks(library: Library) -> None:
    speechless = library.add({VISUAL: EAST})
    near = library.add({TEXT: WEST, VISUAL: EAST})
    far = library.add({VISUAL: NORTH})
    assert ask(library, speechless) == [near, far]
    assert ask(library, near, 1) == [speechless]


def test_each_candidate_is_judged_in_every_space_whichever_space_named_it(
    library: Library, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The best by words alone is last by looks, and would win if its looks were left out of account."""
    monkeypatch.setattr("reelmill.recommend.similar.MIN_CANDIDATES", 1)
    asked = library.add({TEXT: EAST, VISUAL: EAST})
    words_only = library.add({TEXT: EAST, VISUAL: WEST})
    looks = library.add({TEXT: NORTH, VISUAL: EAST})
    assert ask(library, asked, 1) == [looks]
    assert words_only not in ask(library, asked, 1)


def test_nothing_of_another_tenant_or_unfinished_is_recommended(library: Library) -> None:
    asked = library.add({VISUAL: EAST})
    library.add({VISUAL: EAST}, tenant="other")
    library.add({VISUAL: EAST}, state="embedded")
    assert ask(library, asked) == []


def test_ties_come_in_the_order_of_their_ids(library: Library) -> None:
    asked = library.add({VISUAL: EAST})
    same = [library.add({VISUAL: NORTH}) for _ in range(6)]
    assert ask(library, asked) == sorted(same)


def test_as_many_are_given_as_are_asked_for(library: Library) -> None:
    drawn = unit_vectors(150, 2)
    ids = [library.add({VISUAL: vector.tolist()}) for vector in drawn]
    assert len(ask(library, ids[0], 120)) == 120


def test_a_space_on_trial_can_be_asked_in_place_of_the_active_ones(library: Library) -> None:
    trial = Space("visual_trial", "visual", 2)
    library.store.add_space(trial)
    asked = library.add({VISUAL: EAST, trial: EAST})
    old = library.add({VISUAL: EAST, trial: WEST})
    new = library.add({VISUAL: WEST, trial: EAST})
    assert ask(library, asked, 1) == [old]
    assert ask(library, asked, 1, spaces=[trial]) == [new]


def test_a_video_that_is_not_there_is_a_misuse(library: Library) -> None:
    video_id = uuid4()
    with pytest.raises(Misuse, match=f"There is no video {video_id}"):
        ask(library, video_id)


def test_a_video_that_is_not_yet_indexed_says_how_far_it_is(library: Library) -> None:
    video_id = library.add({}, state="described")
    with pytest.raises(Misuse, match=f"Video {video_id} is described; only an indexed video can be compared"):
        ask(library, video_id)


def test_a_duplicate_names_its_original(library: Library) -> None:
    original, duplicate = library.add({VISUAL: EAST}), library.add({}, state="duplicate")
    with library.pool.connection() as connection:
        connection.execute("UPDATE reelmill.videos SET duplicate_of = %s WHERE id = %s", [original, duplicate])
    with pytest.raises(Misuse, match=f"is a duplicate; ask for its original, {original}"):
        ask(library, duplicate)


@pytest.mark.parametrize("k", [0, -1, 201])
def test_k_out_of_bounds_is_refused(library: Library, k: int) -> None:
    with pytest.raises(Misuse, match="it can be 1 to 200"):
        ask(library, uuid4(), k)
