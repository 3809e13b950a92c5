"""Videos for a few words: the text space, asked with the words' own vector."""

from __future__ import annotations

from reelmill.errors import Misuse
from reelmill.index.spaces import active
from reelmill.ledger.pool import Pool
from reelmill.ports import TextEmbedder, VectorStore
from reelmill.recommend.catalogue import cards
from reelmill.recommend.picks import Pick, checked_k
from reelmill.recommend.reasons import of_match


def search(
    pool: Pool,
    store: VectorStore,
    embedder: TextEmbedder,
    text: str,
    k: int = 10,
    *,
    tenant: str,
) -> list[Pick]:
    """The k of the tenant's described videos that the text fits best, best first; the score is the similarity.

    Raises `Misuse` when the text is empty, k is out of bounds, or the embedder is not that of the active space.
    """
    checked_k(k)
    if not text.strip():
        raise Misuse("Say what to search for.")
    with pool.connection() as connection:
        if embedder.space not in active(connection):
            raise Misuse(f"The videos are not searched in {embedder.space.name}: it is not the active space.")
    found = store.nearest(embedder.space, embedder.embed_query(text), tenant=tenant, k=k)
    with pool.connection() as connection:
        known = cards(connection, [near.video_id for near in found])
    return [
        Pick(card.id, card.source, near.similarity, of_match(text, card.title, card.tags, near.similarity))
        for near in found
        if (card := known.get(near.video_id))
    ]
