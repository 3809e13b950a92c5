"""What the ledger says about the videos that are recommended."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from psycopg import Connection
from psycopg.rows import class_row

from reelmill.errors import Misuse
from reelmill.video import State


@dataclass(frozen=True)
class Card:
    """The few facts of a video that a recommendation names."""

    id: UUID
    tenant: str
    source: str
    state: str
    duplicate_of: UUID | None
    title: str
    """Empty when it has not been described."""
    tags: tuple[str, ...]
    """The surest first."""

    def __post_init__(self) -> None:
        object.__setattr__(self, "tags", tuple(self.tags))


def cards(connection: Connection[Any], video_ids: Sequence[UUID]) -> Mapping[UUID, Card]:
    """The cards of those of the videos that exist."""
    cursor = connection.cursor(row_factory=class_row(Card))
    rows = cursor.execute(
        "SELECT videos.id, tenant, source, state, duplicate_of, coalesce(title, '') AS title, ARRAY("
        "SELECT tag ->> 'name' FROM jsonb_array_elements(tags) AS tag "
        "ORDER BY (tag ->> 'confidence')::real DESC, tag ->> 'name') AS tags "
        "FROM reelmill.videos LEFT JOIN reelmill.descriptions ON descriptions.video_id = videos.id "
        "WHERE videos.id = ANY(%s)",
        [list(video_ids)],
    )
    return {card.id: card for card in rows}


def indexed_card(connection: Connection[Any], video_id: UUID) -> Card:
    """The card of a video that can be compared. Raises `Misuse`, saying why, when it cannot."""
    card = cards(connection, [video_id]).get(video_id)
    if card is None:
        raise Misuse(f"There is no video {video_id}.")
    if card.state == State.DUPLICATE:
        raise Misuse(f"Video {video_id} is a duplicate; ask for its original, {card.duplicate_of}.")
    if card.state != State.INDEXED:
        raise Misuse(f"Video {video_id} is {card.state}; only an indexed video can be compared.")
    return card
