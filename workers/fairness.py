"""Deficit round robin: tenants take turns, whatever the length of their queues.

M. Shreedhar and G. Varghese, "Efficient Fair Queuing using Deficit Round Robin", SIGCOMM 1995. Every video costs
the same here, and then a tenant's deficit never outlives its turn: what remains of the algorithm is a rotation
that remembers where it stopped, so that with room for one the turns still go round.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Mapping, Sequence
from typing import TypeVar

T = TypeVar("T")


class DeficitRoundRobin:
    """Chooses from several tenants' waiting items."""

    def __init__(self) -> None:
        self._turns: deque[str] = deque()

    def choose(self, waiting: Mapping[str, Sequence[T]], room: int) -> list[T]:
        """Up to `room` items, each tenant's own in the order given, one for each tenant at its turn."""
        self._turns = deque(tenant for tenant in self._turns if tenant in waiting)
        self._turns.extend(tenant for tenant in waiting if tenant not in self._turns)
        left = {tenant: iter(items) for tenant, items in waiting.items()}
        chosen: list[T] = []
        while self._turns and len(chosen) < room:
            tenant = self._turns.popleft()
            # A tenant whose items are all chosen leaves the rotation, and joins at its end when it has more.
            for item in left[tenant]:
                chosen.append(item)
                self._turns.append(tenant)
                break
        return chosen
