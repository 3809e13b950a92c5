"""Tenants take turns."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from workers.fairness import DeficitRoundRobin

WAITING = st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 30), min_size=1).map(
    lambda counts: {tenant: [f"{tenant}{n}" for n in range(count)] for tenant, count in counts.items()}
)


@given(WAITING, st.integers(0, 60))
def test_all_the_room_is_used_while_anything_waits(waiting: dict[str, list[str]], room: int) -> None:
    chosen = DeficitRoundRobin().choose(waiting, room)
    assert len(chosen) == min(room, sum(map(len, waiting.values())))


@given(WAITING, st.integers(0, 60))
def test_each_tenants_own_order_is_kept_and_nothing_is_chosen_twice(waiting: dict[str, list[str]], room: int) -> None:
    chosen = DeficitRoundRobin().choose(waiting, room)
    for tenant, items in waiting.items():
        own = [item for item in chosen if item[0] == tenant]
        assert own == items[: len(own)]


@given(WAITING, st.integers(1, 60))
def test_nobody_gets_two_more_than_a_tenant_left_waiting(waiting: dict[str, list[str]], room: int) -> None:
    chosen = DeficitRoundRobin().choose(waiting, room)
    got = {tenant: sum(item[0] == tenant for item in chosen) for tenant in waiting}
    hungry = [got[tenant] for tenant in waiting if got[tenant] < len(waiting[tenant])]
    if hungry:
        assert max(got.values()) <= min(hungry) + 1


def test_with_room_for_one_the_turns_go_round() -> None:
    turns = DeficitRoundRobin()
    waiting = {"big": [*range(10_000)], "small": [*range(10)]}
    tenants = []
    for _ in range(10):
        [item] = turns.choose(waiting, 1)
        tenant = next(name for name, items in waiting.items() if items[0] is item)
        waiting[tenant].pop(0)
        tenants.append(tenant)
    assert tenants.count("small") == 5


def test_a_tenant_that_was_away_has_saved_nothing_up() -> None:
    turns = DeficitRoundRobin()
    for _ in range(100):
        turns.choose({"busy": [1, 2, 3]}, 1)
    got = turns.choose({"busy": [1] * 10, "back": [2] * 10}, 10)
    assert got.count(2) == 5
