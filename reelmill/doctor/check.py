"""One finding."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Check:
    """What was looked at, and what was found."""

    name: str
    ok: bool
    """False only when something a user wants does not work."""
    detail: str
    """What was found; for a failure also what does not work because of it."""
    fix: str | None = None
    """What to do about it."""
