"""Advisory locks."""

from __future__ import annotations

from reelmill.ledger import locks


def test_no_two_locks_share_a_key() -> None:
    keys = [locks.MIGRATE, locks.LEAD, locks.SPACES]
    assert len(set(keys)) == len(keys)
