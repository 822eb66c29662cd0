"""The rate limit: never above rate x window + burst, whoever holds it."""

import pytest
from angarium_worker.domain.rate_limit import RateLimit
from hypothesis import given
from hypothesis import strategies as st

rates = st.integers(1, 100_000)


@pytest.mark.parametrize(("rate_per_s", "burst"), [(1, 1), (9, 1), (10, 1), (50, 5), (1_000, 100)])
def test_the_burst_is_a_tenth_of_a_second_but_at_least_one(rate_per_s: int, burst: int) -> None:
    limit = RateLimit(rate_per_s)
    assert limit.burst == burst
    assert limit.available(0.0) == burst
    assert limit.available(limit.book(0.0, burst)) == 0


def test_a_rate_below_one_is_refused() -> None:
    with pytest.raises(ValueError, match="at least 1"):
        RateLimit(0)


def test_waiting_for_several_takes_as_long_as_they_need() -> None:
    limit = RateLimit(100)
    empty_s = limit.drained()
    assert limit.wait_s(empty_s) == pytest.approx(0.01)
    assert limit.wait_for(5, empty_s) == pytest.approx(0.05)
    assert limit.wait_for(1_000, empty_s) == limit.wait_for(10, empty_s)
    assert limit.wait_for(10, 0.0) == 0.0


@given(rates, st.floats(0, 2), st.integers(1, 2_000))
def test_after_the_wait_so_many_may_go_and_not_much_before(
    rate_per_s: int, booked_ahead_s: float, n: int
) -> None:
    limit = RateLimit(rate_per_s)
    n = min(n, limit.burst)
    wait_s = limit.wait_for(n, booked_ahead_s)
    assert limit.available(limit.later(booked_ahead_s, wait_s)) >= n
    if wait_s > 2e-3 / rate_per_s:
        assert limit.available(limit.later(booked_ahead_s, wait_s - 1e-3 / rate_per_s)) < n


# What a holder does: (pause, how many it wants, whether it then dies without saying what it sent)
holdings = st.lists(
    st.tuples(st.floats(0, 1), st.integers(0, 300), st.integers(0, 9)), min_size=1, max_size=60
)


@given(st.integers(1, 3_000), holdings)
def test_over_any_window_at_most_rate_times_window_and_a_burst_begin(
    rate_per_s: int, holdings: list[tuple[float, int, int]]
) -> None:
    limit = RateLimit(rate_per_s)
    now_s, saved_s, saved_at_s = 0.0, 0.0, 0.0
    begun: list[tuple[float, int]] = []
    for pause_s, wanted, fate in holdings:
        now_s += pause_s
        ahead_s = limit.later(saved_s, now_s - saved_at_s)
        n = min(wanted, limit.available(ahead_s))
        begun.append((now_s, n))
        # Each holding is another worker's; one in ten dies and leaves its successor to guess.
        saved_s = limit.drained() if fate == 0 else limit.book(ahead_s, n)
        saved_at_s = now_s
    for start, (start_s, _) in enumerate(begun):
        total = 0
        for end_s, n in begun[start:]:
            total += n
            assert total <= rate_per_s * (end_s - start_s) + limit.burst + 1e-5


@given(rates, st.lists(st.integers(1, 50), max_size=20), st.floats(0, 5))
def test_booking_one_by_one_or_together_is_the_same(
    rate_per_s: int, parts: list[int], booked_ahead_s: float
) -> None:
    limit = RateLimit(rate_per_s)
    ahead_s = booked_ahead_s
    for n in parts:
        ahead_s = limit.book(ahead_s, n)
    assert ahead_s == pytest.approx(limit.book(booked_ahead_s, sum(parts)))


@given(rates)
def test_who_waits_gets_the_full_rate_on_the_long_run(rate_per_s: int) -> None:
    limit = RateLimit(rate_per_s)
    now_s, ahead_s, sent = 0.0, 0.0, 0
    for _ in range(50):
        wait_s = limit.wait_for(max(1, limit.burst // 2), ahead_s)
        now_s += wait_s
        ahead_s = limit.later(ahead_s, wait_s)
        n = limit.available(ahead_s)
        sent += n
        ahead_s = limit.book(ahead_s, n)
    assert sent >= rate_per_s * now_s
