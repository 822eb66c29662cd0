"""Fair turns: tenants equally, applications by weight, nothing left over while somebody wants."""

from collections import Counter
from random import Random

import pytest
from angarium_worker.domain.fair_turns import Demand, SlotShares, allocate
from hypothesis import given, settings
from hypothesis import strategies as st

demand_lists = st.lists(
    st.builds(
        Demand,
        st.sampled_from([b"t1", b"t2", b"t3", b"t4"]),
        st.sampled_from([b"a1", b"a2", b"a3"]),
        st.integers(1, 1_000),
        st.integers(0, 200),
    ),
    max_size=25,
)


def test_tenants_share_equally_whatever_number_of_applications_they_have() -> None:
    demands = [Demand(b"one", bytes([n]), 1, 100) for n in range(9)]
    demands.append(Demand(b"other", b"a", 1, 100))
    shares = allocate(90, demands)
    assert shares == [5] * 9 + [45]


def test_applications_share_by_weight() -> None:
    shares = allocate(100, [Demand(b"t", b"a", 3, 100), Demand(b"t", b"b", 1, 100)])
    assert shares == [75, 25]


def test_what_one_leaves_goes_to_the_others() -> None:
    demands = [Demand(b"a", b"a", 1, 4), Demand(b"b", b"b", 1, 90), Demand(b"c", b"c", 1, 90)]
    assert allocate(100, demands) == [4, 48, 48]


def test_endpoints_of_one_application_share_its_part() -> None:
    demands = [Demand(b"t", b"a", 1, 90)] * 3 + [Demand(b"t", b"b", 1, 90)]
    assert allocate(60, demands) == [10, 10, 10, 30]


@pytest.mark.parametrize("capacity", [-3, 0])
def test_without_capacity_nobody_gets_anything(capacity: int) -> None:
    assert allocate(capacity, [Demand(b"t", b"a", 1, 5)]) == [0]
    assert allocate(capacity, []) == []


@given(st.integers(0, 500), demand_lists, st.integers(0, 10**9))
def test_all_that_there_is_goes_to_those_who_want_it(
    capacity: int, demands: list[Demand], turn: int
) -> None:
    shares = allocate(capacity, demands, turn)
    assert sum(shares) == min(capacity, sum(demand.wanted for demand in demands))
    for share, demand in zip(shares, demands, strict=True):
        assert 0 <= share <= demand.wanted


@given(st.integers(0, 500), demand_lists, st.integers(0, 10**6))
def test_no_tenant_gets_much_more_than_one_that_wants_more(
    capacity: int, demands: list[Demand], turn: int
) -> None:
    got: Counter[bytes] = Counter()
    wanted: Counter[bytes] = Counter()
    for share, demand in zip(allocate(capacity, demands, turn), demands, strict=True):
        got[demand.tenant_id] += share
        wanted[demand.tenant_id] += demand.wanted
    for tenant in wanted:
        if got[tenant] < wanted[tenant]:
            assert all(got[other] <= got[tenant] + 1 for other in wanted)


@settings(max_examples=settings().max_examples // 3, deadline=None)
@given(
    st.lists(st.lists(st.integers(1, 12), min_size=1, max_size=3), min_size=1, max_size=3),
    st.integers(1, 7),
)
def test_over_the_turns_shares_are_those_of_the_weights(
    tenants: list[list[int]], capacity: int
) -> None:
    demands = [
        Demand(bytes([tenant]), bytes([application]), weight, 1_000)
        for tenant, weights in enumerate(tenants)
        for application, weight in enumerate(weights)
    ]
    got = [0] * len(demands)
    # As many turns as give every tenant a whole number of rounds of its applications.
    turns = len(tenants) * 36 * 10
    for turn in range(turns):
        for place, share in enumerate(allocate(capacity, demands, turn)):
            got[place] += share
    for share, demand in zip(got, demands, strict=True):
        weights = tenants[demand.tenant_id[0]]
        fair = turns * capacity / len(tenants) * demand.weight / sum(weights)
        assert abs(share - fair) <= 0.1 * fair + 1


def test_without_a_turn_it_is_the_first() -> None:
    demands = [Demand(b"t", b"a", 1, 9), Demand(b"t", b"b", 1, 9)]
    assert allocate(1, demands) == allocate(1, demands, 0) != allocate(1, demands, 1)


def test_leftovers_reach_light_applications_too() -> None:
    demands = [Demand(b"t", b"heavy", 99, 9), Demand(b"t", b"light", 1, 9)]
    got = [allocate(1, demands, turn).index(1) for turn in range(100)]
    assert got.count(1) == 1


class TestSlotShares:
    def test_alone_an_application_may_use_all_slots(self) -> None:
        slots = SlotShares(10)
        for _ in range(10):
            assert not slots.over_share(b"t", b"a", 1)
            slots.took(b"t", b"a", 1)
        assert slots.over_share(b"t", b"a", 1)

    def test_beside_another_tenant_it_may_use_half_of_them(self) -> None:
        slots = SlotShares(10)
        slots.took(b"other", b"b", 1)
        for _ in range(5):
            assert not slots.over_share(b"t", b"a", 1)
            slots.took(b"t", b"a", 1)
        assert slots.over_share(b"t", b"a", 1)

    def test_who_uses_none_is_never_over_its_share(self) -> None:
        slots = SlotShares(1)
        for tenant in range(100):
            slots.took(bytes([tenant]), b"a", 1)
        assert not slots.over_share(b"new", b"a", 1)
        assert not slots.over_share(bytes([7]), b"new", 1)

    def test_a_changed_weight_counts_from_the_next_slot(self) -> None:
        slots = SlotShares(100)
        slots.took(b"t", b"a", 1)
        slots.took(b"t", b"b", 1)
        for _ in range(60):
            slots.took(b"t", b"a", 3)
        assert not slots.over_share(b"t", b"a", 3)
        for _ in range(14):
            slots.took(b"t", b"a", 3)
        assert slots.over_share(b"t", b"a", 3)

    @given(
        st.lists(st.tuples(st.booleans(), st.integers(0, 3), st.integers(0, 2), st.integers(1, 9)))
    )
    def test_what_is_given_back_is_forgotten(self, steps: list[tuple[bool, int, int, int]]) -> None:
        slots = SlotShares(8)
        held: Counter[tuple[bytes, bytes]] = Counter()
        for take, tenant, application, weight in steps:
            key = (bytes([tenant]), bytes([application]))
            if take:
                slots.took(*key, weight)
                held[key] += 1
            elif held[key]:
                slots.gave_back(*key)
                held[key] -= 1
            assert slots.used(*key) == held[key]
        for key, count in held.items():
            for _ in range(count):
                slots.gave_back(*key)
        assert len(slots) == 0

    @settings(max_examples=settings().max_examples // 6, deadline=None)
    @given(
        st.lists(st.lists(st.integers(1, 9), min_size=1, max_size=3), min_size=1, max_size=3),
        st.integers(0, 2**32),
    )
    def test_under_saturation_slots_end_within_a_tenth_of_the_weights(
        self, tenants: list[list[int]], seed: int
    ) -> None:
        slots_max = 1_000
        random = Random(seed)
        slots = SlotShares(slots_max)
        applications = {
            (bytes([tenant]), bytes([application])): weight
            for tenant, weights in enumerate(tenants)
            for application, weight in enumerate(weights)
        }
        hog = next(iter(applications))
        held = [hog] * (slots_max - len(applications) + 1) + list(applications)[1:]
        for key in held:
            slots.took(*key, applications[key])
        for _ in range(20 * slots_max):
            given_back = random.randrange(len(held))
            slots.gave_back(*held[given_back])
            willing = [
                key for key, weight in applications.items() if not slots.over_share(*key, weight)
            ]
            taken = random.choice(willing)
            slots.took(*taken, applications[taken])
            held[given_back] = taken
        for key, weight in applications.items():
            weights = tenants[key[0][0]]
            fair = slots_max / len(tenants) * weight / sum(weights)
            assert abs(slots.used(*key) - fair) <= 0.1 * fair + 1
