import math
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from reelmill.recommend.fuse import MEASURED, WEIGHTS, Scale, fuse, scale_of
from reelmill.video import Space

TEXT = Space("text_new", "text", 512)
VISUAL = Space("visual_new", "visual", 64)

ids = st.integers(1, 30).map(lambda number: UUID(int=number))
similarities = st.dictionaries(ids, st.floats(-1, 1))


@given(similarities, similarities)
@settings(deadline=None)
def test_every_candidate_comes_once_best_first_and_ties_by_id(text, visual) -> None:
    fused = fuse({TEXT: text, VISUAL: visual})
    assert sorted(one.video_id for one in fused) == sorted(text.keys() | visual.keys())
    keys = [(-one.score, one.video_id) for one in fused]
    assert keys == sorted(keys)


@given(similarities, similarities)
@settings(deadline=None)
def test_the_order_in_which_spaces_and_candidates_are_given_does_not_matter(text, visual) -> None:
    turned = {VISUAL: dict(reversed(visual.items())), TEXT: dict(reversed(text.items()))}
    assert fuse({TEXT: text, VISUAL: visual}) == fuse(turned)


@given(similarities, similarities)
@settings(deadline=None)
def test_a_score_lies_between_its_parts(text, visual) -> None:
    for one in fuse({TEXT: text, VISUAL: visual}):
        parts = one.parts.values()
        assert min(parts) - 1e-9 <= one.score <= max(parts) + 1e-9


@given(similarities, similarities, ids, st.floats(0.01, 0.5))
@settings(deadline=None)
def test_more_likeness_never_ranks_lower(text, visual, candidate, more) -> None:
    text = text | {candidate: text.get(candidate, 0.0)}
    raised = text | {candidate: text[candidate] + more}

    def rank(of_text) -> int:
        return [one.video_id for one in fuse({TEXT: of_text, VISUAL: visual})].index(candidate)

    assert rank(raised) <= rank(text)


def test_a_video_without_a_text_vector_is_judged_by_its_looks_on_the_same_scale() -> None:
    looks_only, both = UUID(int=1), UUID(int=2)
    fused = fuse({TEXT: {both: 0.6}, VISUAL: {looks_only: 0.7, both: 0.6}})
    assert [one.video_id for one in fused] == [looks_only, both]
    assert fused[0].score == pytest.approx(0.7)
    assert list(fused[0].parts) == ["visual"]


@pytest.mark.parametrize("space", MEASURED)
def test_a_measured_scale_puts_chance_at_nought_and_the_same_video_at_one(space: str) -> None:
    scale = MEASURED[space]
    assert scale.corrected(scale.chance) == 0
    assert scale.corrected(scale.same) == 1


@pytest.mark.parametrize(
    ("metric", "scale"),
    [
        ("cosine", Scale(0, 1)),
        ("inner_product", Scale(0, 1)),
        ("l2", Scale(-math.sqrt(2), 0)),
        ("l1", Scale(-2 * math.sqrt(100 / math.pi), 0)),
    ],
)
def test_an_unmeasured_space_is_taken_to_be_at_right_angles_by_chance(metric, scale) -> None:
    assert scale_of(Space("unknown", "text", 100, metric)) == scale


def test_rounding_takes_no_score_above_one() -> None:
    [same] = fuse({VISUAL: {UUID(int=1): 1.0004}})
    assert same.score == 1


def test_the_weights_add_up_to_one() -> None:
    assert sum(WEIGHTS.values()) == pytest.approx(1)
