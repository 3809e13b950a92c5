"""Pure wording: why a video was picked, in one short sentence made of what was measured."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence

from reelmill.recommend.fuse import WEIGHTS

MOST_TAGS = 3
"""Tags that one reason names."""

STRONG = 0.5
"""From here on, halfway between chance and the very same, a likeness is called one without a word of caution."""

FUNCTION_WORDS = frozenset(
    ("a", "an", "and", "at", "by", "for", "from", "in", "is", "of", "on", "or", "the", "to", "with")
)
"""Words that stand in any title and say nothing."""

_LIKENESS = {
    "text": ("is about the same", "is about something near"),
    "visual": ("looks alike", "looks a little alike"),
}


def of_likeness(parts: Mapping[str, float], shared: Sequence[str]) -> str:
    """Why two videos go together, such as `looks alike (0.83); both: dog, grass`.

    `parts` are the chance-corrected similarities by kind of space; the kind that added most is named.
    """
    kind = max(sorted(parts), key=lambda kind: WEIGHTS[kind] * parts[kind])
    strong, weak = _LIKENESS[kind]
    likeness = f"{strong if parts[kind] >= STRONG else weak} ({parts[kind]:z.2f})"
    if parts[kind] <= 0:
        likeness = "the nearest there is, though not alike"
    return f"{likeness}; both: {', '.join(shared[:MOST_TAGS])}" if shared else likeness


def of_match(query: str, title: str, tags: Sequence[str], similarity: float) -> str:
    """Why a video answers a query, such as `tags: dog; title: beach; likeness of meaning 0.41`."""
    asked = words(query)
    told = [tag for tag in tags if words(tag) and words(tag) <= asked][:MOST_TAGS]
    titled = sorted(words(title) & asked)
    named = [f"tags: {', '.join(told)}"] if told else []
    named += [f"title: {', '.join(titled)}"] if titled else []
    return "; ".join([*named, f"likeness of meaning {similarity:z.2f}"])


def shared_tags(mine: Sequence[str], others: Sequence[str]) -> list[str]:
    """The tags that both have, whatever their case, in the order of the first."""
    theirs = {tag.casefold() for tag in others}
    return [tag for tag in mine if tag.casefold() in theirs]


def words(text: str) -> set[str]:
    """The words of a text that mean something, folded to one case."""
    return set(re.findall(r"\w+", text.casefold())) - FUNCTION_WORDS
