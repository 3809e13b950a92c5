"""Leases are renewed while their work moves on, and no longer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast
from uuid import uuid4

import pytest

from reelmill.errors import LeaseLost, Stalled
from reelmill.ledger.keeper import LeaseKeeper
from reelmill.ledger.lease import Lease
from reelmill.ledger.runs import Runs
from reelmill.video import Stage

LEASE = Lease(uuid4(), Stage.TRANSCODE, version=1, token=1, attempt=1, tenant="default", source="/a.mp4")


class RenewedRuns:
    """Stands for the ledger: remembers what it was asked to renew, and which leases are lost."""

    def __init__(self) -> None:
        self.renewed: list[Lease] = []
        self.lost: set[Lease] = set()

    def renew(self, leases: Sequence[Lease]) -> set[Lease]:
        self.renewed += leases
        return self.lost


def keeper(runs: RenewedRuns, *, stall_limit_s: float = 60, stage_limit_s: float = 60) -> LeaseKeeper:
    # A lease of an hour: the keeper's own thread does not come round during the test.
    return LeaseKeeper(cast(Runs, runs), lease_s=3600, stall_limit_s=stall_limit_s, stage_limit_s=stage_limit_s)


def test_a_lease_in_work_is_renewed() -> None:
    runs = RenewedRuns()
    kept = keeper(runs)
    with kept.keep(LEASE):
        kept.renew()
    assert runs.renewed == [LEASE]


def test_a_lease_whose_work_has_ended_is_not() -> None:
    runs = RenewedRuns()
    kept = keeper(runs)
    with kept.keep(LEASE):
        pass
    kept.renew()
    assert runs.renewed == []


def test_a_lease_whose_work_stands_still_runs_out() -> None:
    runs = RenewedRuns()
    kept = keeper(runs, stall_limit_s=1e-9)
    with kept.keep(LEASE):
        kept.renew()
    assert runs.renewed == []


def test_work_that_is_over_its_time_is_stopped_at_its_next_beat_and_its_lease_runs_out() -> None:
    runs = RenewedRuns()
    kept = keeper(runs, stage_limit_s=1e-9)
    with kept.keep(LEASE) as held:
        with pytest.raises(Stalled, match="REELMILL_STAGE_LIMIT_S"):
            held.beat()
        kept.renew()
    assert runs.renewed == []


def test_losing_the_lease_stops_the_work_at_its_next_beat() -> None:
    runs = RenewedRuns()
    kept = keeper(runs)
    with kept.keep(LEASE) as held:
        runs.lost = {LEASE}
        kept.renew()
        with pytest.raises(LeaseLost):
            held.beat()
