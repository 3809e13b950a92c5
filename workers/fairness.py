"""Deficit round robin: tenants take turns, whatever the length of their queues.

M. Shreedhar and G. Varghese, "Efficient Fair Queuing using Deficit Round Robin", SIGCOMM 1995. Every video
costs 1 here; the deficits carry over, so that a tenant passed over in one round comes first in the next.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class DeficitRoundRobin:
    """Chooses from several tenants' waiting items."""

    def __init__(self) -> None:
        self._deficit: dict[str, float] = {}

    def choose(self, waiting: Mapping[str, Sequence[T]], room: int) -> list[T]:
        """Up to `room` items, each tenant's own in the order given, shared evenly between the tenants."""
        chosen: list[T] = []
        taken = dict.fromkeys(waiting, 0)
        while len(chosen) < room and (hungry := [t for t in waiting if taken[t] < len(waiting[t])]):
            share = max((room - len(chosen)) / len(hungry), 1.0 / len(hungry))
            # The one owed most is served first: with little room the turns go round over many rounds.
            for tenant in sorted(hungry, key=lambda t: -self._deficit.get(t, 0.0)):
                self._deficit[tenant] = self._deficit.get(tenant, 0.0) + share
                while self._deficit[tenant] >= 1.0 and taken[tenant] < len(waiting[tenant]) and len(chosen) < room:
                    chosen.append(waiting[tenant][taken[tenant]])
                    taken[tenant] += 1
                    self._deficit[tenant] -= 1.0
        # A tenant with nothing left to send saves nothing up.
        self._deficit = {t: self._deficit[t] for t in waiting if taken[t] < len(waiting[t]) and t in self._deficit}
        return chosen
