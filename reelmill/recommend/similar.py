"""Videos similar to one: candidates from each space, one ranking, a reason for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from uuid import UUID

from reelmill.index.spaces import active
from reelmill.ledger.pool import Pool
from reelmill.ports import VectorStore
from reelmill.recommend.catalogue import Card, cards, indexed_card
from reelmill.recommend.fuse import Fused, fuse
from reelmill.recommend.picks import Pick, checked_k
from reelmill.recommend.reasons import of_likeness, shared_tags
from reelmill.video import Space, Vector

MIN_CANDIDATES = 100
"""Candidates each space names at least, or twice the asked number: one that only the sum of the spaces puts
first stands further down in each."""


def similar(
    pool: Pool,
    store: VectorStore,
    video_id: UUID,
    k: int = 10,
    *,
    spaces: Sequence[Space] | None = None,
) -> list[Pick]:
    """The k videos of the same tenant most like this one, best first, ties in the order of their ids.

    Fewer only if there are no more. `spaces` are the ones to compare in, one of a kind; unset means the active
    ones, others are for trying a new model beside them. Raises `Misuse` when there is no such video, when it
    is not indexed, or when k is out of bounds.
    """
    checked_k(k)
    with pool.connection() as connection:
        card = indexed_card(connection, video_id)
        spaces = active(connection) if spaces is None else spaces
    vectors = store.vectors_of(video_id, spaces)
    compared = {space: vectors[space.name] for space in spaces if space.name in vectors}
    ranking = fuse(_similarities(store, compared, card, max(MIN_CANDIDATES, 2 * k)))[:k]
    with pool.connection() as connection:
        found = cards(connection, [candidate.video_id for candidate in ranking])
    # One that was deleted since the search has no card.
    return [_pick(one, card, found[one.video_id]) for one in ranking if one.video_id in found]


def _similarities(
    store: VectorStore, vectors: Mapping[Space, Vector], card: Card, candidates: int
) -> dict[Space, Mapping[UUID, float]]:
    """In each space, the similarity of every candidate that any of the spaces names."""
    named = {
        near.video_id
        for space, vector in vectors.items()
        for near in store.nearest(space, vector, tenant=card.tenant, k=candidates, exclude=[card.id])
    }
    return {space: store.similarities(space, vector, sorted(named)) for space, vector in vectors.items()}


def _pick(candidate: Fused, of: Card, card: Card) -> Pick:
    reason = of_likeness(candidate.parts, shared_tags(of.tags, card.tags))
    return Pick(card.id, card.source, candidate.score, reason)
