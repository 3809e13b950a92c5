"""A recommendation, and how many of them one may ask for."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from reelmill.errors import Misuse

MAX_K = 200
"""The most that one request gives: more is a scan of the library, not a recommendation."""


@dataclass(frozen=True)
class Pick:
    """One recommended video."""

    video_id: UUID
    source: str
    score: float
    """The higher, the better; at most 1. It compares within one answer, and between answers of one kind."""
    reason: str
    """One short sentence, made of what was measured."""


def checked_k(k: int) -> int:
    """The number asked for. Raises `Misuse` when it is not in 1..200."""
    if not 1 <= k <= MAX_K:
        raise Misuse(f"k is {k}; it can be 1 to {MAX_K}.")
    return k
