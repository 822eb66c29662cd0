"""Quotas: what all gateways hand out together stays within them."""

import asyncio

import pytest
from angarium_gateway.application.tenants.rate_limiter import (
    LOCAL_FOR_S,
    SHARES_OF_A_WINDOW,
    QuotaExceeded,
    RateLimiter,
)
from angarium_gateway.domain.quotas import WINDOW_S, Quota, Rate, Rates, TenantQuotas, quotas_of
from hypothesis import given
from hypothesis import strategies as st

from ...fakes.quota_counts import MemoryQuotaCounts

TENANT, KEY = b"t" * 16, b"k" * 16
MESSAGE = {Rate.MESSAGES: 1}


class Clock:
    def __init__(self) -> None:
        self.now_s = 10 * WINDOW_S + 15.0

    def __call__(self) -> float:
        return self.now_s


def messages(per_minute: int, subject: bytes = TENANT) -> Quota:
    return Quota(subject, Rate.MESSAGES, per_minute, of_key=subject == KEY)


async def admitted(limiter: RateLimiter, quotas: list[Quota], times: int, cost: int = 1) -> int:
    granted = 0
    for _ in range(times):
        try:
            await limiter.spend(quotas, {Rate.MESSAGES: cost})
        except QuotaExceeded:
            continue
        granted += cost
    return granted


async def test_a_quota_admits_as_much_as_it_says_and_again_in_the_next_minute() -> None:
    clock = Clock()
    limiter = RateLimiter(MemoryQuotaCounts(), clock)
    assert await admitted(limiter, [messages(100)], 250) == 100
    clock.now_s += WINDOW_S
    assert await admitted(limiter, [messages(100)], 250) == 100


@pytest.mark.parametrize("minute", [0, 1])
async def test_the_first_minutes_of_a_clock_are_like_any_other(minute: int) -> None:
    clock = Clock()
    clock.now_s = minute * WINDOW_S + 15.0
    limiter = RateLimiter(MemoryQuotaCounts(), clock)
    assert await admitted(limiter, [messages(3)], 5) == 3


@given(
    per_minute=st.integers(1, 500),
    costs=st.lists(st.tuples(st.integers(0, 3), st.integers(1, 60)), max_size=120),
)
def test_several_gateways_never_admit_more_than_the_quota(
    per_minute: int, costs: list[tuple[int, int]]
) -> None:
    async def run() -> None:
        counts, clock = MemoryQuotaCounts(), Clock()
        gateways = [RateLimiter(counts, clock) for _ in range(4)]
        granted = 0
        for number, cost in costs:
            granted += await admitted(gateways[number], [messages(per_minute)], 1, cost)
        assert granted <= per_minute
        stranded = 4 * max(1, per_minute // SHARES_OF_A_WINDOW) + max(
            (cost for _, cost in costs), default=0
        )
        wanted = sum(cost for _, cost in costs)
        if wanted <= per_minute - stranded:
            assert granted == wanted

    asyncio.run(run())


async def test_a_message_costs_no_round_trip() -> None:
    counts = MemoryQuotaCounts()
    limiter = RateLimiter(counts, Clock())
    assert await admitted(limiter, [messages(5_000)], 5_000) == 5_000
    assert counts.calls == SHARES_OF_A_WINDOW
    assert await admitted(limiter, [messages(5_000)], 1_000) == 0
    assert counts.calls == SHARES_OF_A_WINDOW


async def test_requests_at_once_share_one_share() -> None:
    counts = MemoryQuotaCounts()
    limiter = RateLimiter(counts, Clock())
    await asyncio.gather(*[limiter.spend([messages(5_000)], MESSAGE) for _ in range(100)])
    assert counts.calls == 1


class SlowQuotaCounts(MemoryQuotaCounts):
    """Answers when others have had a turn."""

    async def add(self, quota: Quota, window: int, amount: int) -> int:
        await asyncio.sleep(0)
        return await super().add(quota, window, amount)


async def test_requests_that_wait_for_a_share_take_no_other() -> None:
    counts = SlowQuotaCounts()
    limiter = RateLimiter(counts, Clock())
    await asyncio.gather(*[limiter.spend([messages(5_000)], MESSAGE) for _ in range(100)])
    assert (counts.calls, sum(counts.counts.values())) == (1, 100)
    await limiter.spend([messages(5_000)], MESSAGE)
    assert counts.calls == 2


async def test_a_share_is_what_lacks_or_a_fiftieth() -> None:
    counts = MemoryQuotaCounts()
    limiter = RateLimiter(counts, Clock())
    taken = []
    for cost in (1, 100, 250, 149):
        (standing,) = await limiter.spend([messages(5_000)], {Rate.MESSAGES: cost})
        taken.append((sum(counts.counts.values()), standing.remaining))
    assert taken == [(100, 4_999), (200, 4_899), (351, 4_649), (500, 4_500)]


async def test_of_the_last_share_only_what_is_left_is_used() -> None:
    counts = MemoryQuotaCounts()
    first, second = (RateLimiter(counts, Clock()) for _ in range(2))
    assert await admitted(first, [messages(100)], 99) == 99
    assert await admitted(second, [messages(100)], 1, cost=2) == 0
    assert await admitted(second, [messages(100)], 3) == 0
    assert await admitted(first, [messages(100)], 3) == 1


async def test_a_gateway_counts_alone_for_a_second_after_a_failure() -> None:
    counts, clock = MemoryQuotaCounts(down=True), Clock()
    limiter = RateLimiter(counts, clock)
    for later_s, calls in ((0.0, 1), (LOCAL_FOR_S - 0.1, 1), (LOCAL_FOR_S, 2)):
        clock.now_s = 10 * WINDOW_S + 15.0 + later_s
        await limiter.spend([messages(100)], {Rate.MESSAGES: 2})
        await limiter.spend([messages(100)], {Rate.MESSAGES: 2})
        assert counts.calls == calls


async def test_what_one_quota_refuses_is_not_spent_from_another() -> None:
    limiter = RateLimiter(MemoryQuotaCounts(), Clock())
    wide, narrow = messages(50), messages(3, KEY)
    assert await admitted(limiter, [wide, narrow], 30) == 3
    assert await admitted(limiter, [wide], 100) == 47


async def test_costs_that_a_quota_does_not_count_are_free() -> None:
    counts = MemoryQuotaCounts()
    limiter = RateLimiter(counts, Clock())
    assert await limiter.spend([messages(1)], {Rate.REQUESTS: 10}) == ()
    assert counts.calls == 0


async def test_a_refusal_says_what_is_left_and_when_the_minute_ends() -> None:
    limiter = RateLimiter(MemoryQuotaCounts(), Clock())
    (standing,) = await limiter.spend([messages(10)], {Rate.MESSAGES: 4})
    assert (standing.remaining, standing.resets_in_s) == (6, WINDOW_S - 15)
    with pytest.raises(QuotaExceeded) as refused:
        await limiter.spend([messages(10)], {Rate.MESSAGES: 7})
    assert (refused.value.standing.remaining, refused.value.standing.resets_in_s) == (6, 45)


async def test_without_the_shared_counts_each_gateway_keeps_to_the_quota_alone() -> None:
    counts, clock = MemoryQuotaCounts(down=True), Clock()
    limiter = RateLimiter(counts, clock)
    assert await admitted(limiter, [messages(100)], 250) == 100
    assert counts.calls == 1
    counts.down = False
    clock.now_s += WINDOW_S + LOCAL_FOR_S
    assert await admitted(limiter, [messages(100)], 250) == 100
    assert sum(counts.counts.values()) == 100


async def test_a_gateway_that_counts_alone_begins_anew_with_each_minute() -> None:
    clock = Clock()
    limiter = RateLimiter(MemoryQuotaCounts(down=True), clock)
    for _ in range(3):
        assert await admitted(limiter, [messages(20)], 30) == 20
        clock.now_s += WINDOW_S


def test_only_rates_that_are_set_become_quotas() -> None:
    assert quotas_of(KEY, Rates(), of_key=True) == ()
    tenant = TenantQuotas(requests_per_minute=5, payload_bytes_per_minute=7, endpoints_max=1)
    assert quotas_of(TENANT, tenant, of_key=False) == (
        Quota(TENANT, Rate.REQUESTS, 5, False),
        Quota(TENANT, Rate.PAYLOAD_BYTES, 7, False),
    )
