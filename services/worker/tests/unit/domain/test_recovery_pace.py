"""The recovery pace: the backlog of an endpoint that is back goes no faster than what is new."""

from bisect import bisect_left
from math import sqrt
from random import Random

import pytest
from angarium_worker.domain.recovery_pace import RATE_MIN_PER_S, UNLIMITED, RecoveryPace
from hypothesis import given, settings
from hypothesis import strategies as st

NOISE = 1.3
"""How much a rate may be counted too high, by chance."""


def arrivals(rate_per_s: float, until_s: float, random: Random | None = None) -> list[float]:
    """When deliveries come, evenly or (with `random`) as a Poisson process."""
    times: list[float] = []
    at_s = 0.0
    while True:
        at_s += 1 / rate_per_s if random is None else random.expovariate(rate_per_s)
        if at_s >= until_s:
            return times
        times.append(at_s)


def steady(rate_per_s: float, for_s: float = 120.0) -> RecoveryPace:
    pace = RecoveryPace()
    for at_s in arrivals(rate_per_s, for_s):
        pace.arrived(at_s)
    return pace


def drain(pace: RecoveryPace, from_s: float, to_s: float) -> list[float]:
    """Sends of an endless backlog, each as soon as it may begin."""
    sends: list[float] = []
    now_s = from_s
    while now_s < to_s and pace.limits(now_s):
        allowed = pace.backlog_allowed(now_s)
        pace.spent(allowed)
        sends += [now_s] * allowed
        now_s += max(pace.wait_s(now_s), 1e-3)
    return sends


def within(times: list[float], start_s: float) -> int:
    """How many of the sorted times lie in the five seconds from `start_s`."""
    return bisect_left(times, start_s + 5) - bisect_left(times, start_s)


@pytest.mark.parametrize("rate_per_s", [1, 20, 500])
def test_the_steady_rate_is_known_and_erred_on_the_low_side(rate_per_s: float) -> None:
    found_per_s = steady(rate_per_s).steady_per_s(120.0)
    assert 0.7 * rate_per_s <= found_per_s <= rate_per_s


def test_an_endpoint_without_history_gets_its_backlog_one_by_one() -> None:
    pace = RecoveryPace()
    pace.recover(1_000.0)
    assert pace.steady_per_s(1_000.0) == RATE_MIN_PER_S
    assert len(drain(pace, 1_000.0, 1_059.0)) == 6


def test_an_outage_in_which_nothing_was_posted_does_not_make_it_forget() -> None:
    pace = steady(20.0)
    known_per_s = pace.steady_per_s(120.0)
    assert pace.steady_per_s(400.0) == known_per_s
    assert pace.steady_per_s(800.0) >= known_per_s / 4
    assert pace.steady_per_s(7_200.0) == RATE_MIN_PER_S


def test_a_pause_after_the_latest_arrival_is_no_part_of_the_rate() -> None:
    pace = RecoveryPace()
    for at_s in arrivals(100.0, 8.0):
        pace.arrived(at_s)
    assert pace.steady_per_s(250.0) >= 35


def test_the_highest_rate_of_the_last_minutes_counts() -> None:
    pace = steady(50.0, 60.0)
    before_per_s = pace.steady_per_s(60.0)
    for at_s in arrivals(2.0, 120.0):
        pace.arrived(60.0 + at_s)
    assert pace.steady_per_s(180.0) == before_per_s


def test_nothing_is_limited_before_and_after() -> None:
    pace = steady(10.0)
    assert pace.backlog_allowed(120.0) == UNLIMITED
    pace.recover(120.0)
    assert pace.backlog_allowed(120.0) == 1
    pace.stop()
    assert pace.backlog_allowed(120.0) == UNLIMITED
    assert pace.wait_s(120.0) == 0.0


def test_after_a_minute_the_pace_doubles_every_five_seconds_until_it_does_not_limit() -> None:
    pace = steady(10.0)
    pace.recover(120.0)
    sends = drain(pace, 120.0, 400.0)
    first, *later = [
        sum(start_s <= at_s < start_s + 5 for at_s in sends) for start_s in (175, 180, 185, 190)
    ]
    assert later == [pytest.approx(first * factor, rel=0.15) for factor in (2, 4, 8)]
    assert not pace.limits(250.0)


def test_an_endpoint_that_falters_begins_again() -> None:
    pace = steady(10.0)
    pace.recover(120.0)
    drain(pace, 120.0, 190.0)
    pace.faltered(190.0)
    sends = drain(pace, 190.0, 195.0)
    assert len(sends) <= 10 * 5 + 5


def test_one_that_falters_early_still_gets_no_more_for_a_minute() -> None:
    pace = steady(10.0)
    pace.recover(120.0)
    pace.faltered(125.0)
    assert len(drain(pace, 125.0, 180.0)) <= 10 * 55 + 5


def test_where_what_is_new_goes_through_the_backlog_the_pace_is_twice_the_rate() -> None:
    alone, both = steady(10.0), steady(10.0)
    alone.recover(120.0)
    both.recover(120.0, new_included=True)
    slow, fast = len(drain(alone, 120.0, 170.0)), len(drain(both, 120.0, 170.0))
    assert fast == pytest.approx(2 * slow, rel=0.05)


@settings(max_examples=settings().max_examples // 2, deadline=None)
@given(st.floats(0.5, 60), st.floats(20, 400), st.floats(0, 200), st.integers(0, 2**32))
def test_new_and_backlog_are_at_most_twice_the_steady_rate_in_the_first_minute(
    rate_per_s: float, healthy_s: float, outage_s: float, seed: int
) -> None:
    pace = RecoveryPace()
    back_s = healthy_s + outage_s
    new = arrivals(rate_per_s, back_s + 60, Random(seed))
    for at_s in new:
        if at_s < back_s:
            pace.arrived(at_s)
    pace.recover(back_s)
    backlog = drain(pace, back_s, back_s + 60)
    window = 5 * rate_per_s
    burst = max(1.0, 0.5 * NOISE * rate_per_s)
    noise = 6 * sqrt(window) + 6
    for start_s in [back_s, *backlog]:
        sent, added = within(backlog, start_s), within(new, start_s)
        assert sent <= max(0.1, NOISE * rate_per_s) * 5 + burst + 1
        assert sent + added <= 2 * window + burst + noise


@settings(deadline=None)
@given(
    st.floats(0, 1_000),
    st.lists(st.tuples(st.floats(0, 20), st.integers(0, 3), st.booleans()), max_size=80),
)
def test_under_any_use_the_backlog_keeps_to_the_pace(
    rate_per_s: float, steps: list[tuple[float, int, bool]]
) -> None:
    pace = RecoveryPace()
    for at_s in arrivals(max(rate_per_s, 0.01), 12.0):
        pace.arrived(at_s)
    pace.recover(12.0)
    steady_per_s = pace.steady_per_s(12.0)
    now_s, sent = 12.0, 0
    for later_s, wanted, falters in steps:
        now_s += later_s
        if now_s >= 72.0:
            break
        if falters:
            pace.faltered(now_s)
        n = min(wanted, pace.backlog_allowed(now_s))
        pace.spent(n)
        sent += n
        assert sent <= steady_per_s * (now_s - 12.0) + max(1.0, 0.5 * steady_per_s) + 1e-3


@settings(deadline=None)
@given(st.floats(0.05, 300), st.floats(0, 120))
def test_after_the_wait_one_may_begin(rate_per_s: float, later_s: float) -> None:
    pace = steady(rate_per_s, 15.0)
    pace.recover(20.0)
    now_s = 20.0 + later_s
    pace.spent(min(3, pace.backlog_allowed(now_s)))
    assert pace.backlog_allowed(now_s + pace.wait_s(now_s)) >= 1


def counted(times: list[float]) -> RecoveryPace:
    pace = RecoveryPace()
    for at_s in times:
        pace.arrived(at_s)
    return pace


def eight_per_s() -> RecoveryPace:
    """A hundred arrivals within ten seconds, less twice their square root."""
    return counted([n / 10 for n in range(101)])


def test_a_hundred_arrivals_in_ten_seconds_are_enough_to_count() -> None:
    assert eight_per_s().steady_per_s(10.0) == 8.0
    assert counted([n / 10 for n in range(100)]).steady_per_s(10.0) == 8.0
    # Where one is missing, counting goes on.
    more = counted([n / 10 for n in range(99)] + [10.0])
    assert more.steady_per_s(10.0) == pytest.approx((100 - 20) / 10)
    more.arrived(11.0)
    assert more.steady_per_s(11.0) == pytest.approx((100 - 20) / 11)


@pytest.mark.parametrize(("every_s", "checked"), [(1.0, 50), (0.95, 54)])
def test_fewer_are_counted_for_a_minute_which_is_checked_every_second(
    every_s: float, checked: int
) -> None:
    # One at the start, then steadily from the tenth second on.
    pace = counted([0.0, *(10 + n * every_s for n in range(checked + 1))])
    closed_s, count = 10 + checked * every_s, checked + 1
    assert closed_s >= 60.0
    assert pace.steady_per_s(closed_s) == pytest.approx((count - 2 * sqrt(count)) / closed_s)


def test_ten_seconds_of_a_pause_count_and_no_more() -> None:
    pace = counted([n / 4 for n in range(40)])
    assert pace.steady_per_s(100.0) == pytest.approx((40 - 2 * sqrt(40)) / 19.75)
    assert counted([0.0]).steady_per_s(0.0) == RATE_MIN_PER_S


def test_a_rate_counts_half_after_every_five_minutes_beyond_the_first() -> None:
    pace = eight_per_s()
    assert [pace.steady_per_s(10.0 + 300 * n) for n in (0, 1, 2, 3)] == [8.0, 8.0, 4.0, 2.0]
    assert pace.steady_per_s(460.0) == pytest.approx(8 / sqrt(2))


def test_a_lower_rate_counts_once_the_higher_has_faded_below_it() -> None:
    pace = eight_per_s()
    for n in range(101):
        pace.arrived(1_000 + n / 5)
    assert pace.steady_per_s(1_020.0) == pytest.approx(80 / 20)
    assert pace.steady_per_s(1_320.0) == pytest.approx(80 / 20)


def test_the_backlog_begins_with_one_and_gathers_half_a_second() -> None:
    pace = eight_per_s()
    pace.recover(10.0)
    assert pace.backlog_allowed(10.0) == 1
    assert pace.wait_s(10.0) == 0.0
    pace.spent(1)
    assert pace.wait_s(10.0) == pytest.approx(1 / 8)
    assert pace.backlog_allowed(10.25) == 2
    assert pace.backlog_allowed(10.0) == 2
    assert pace.backlog_allowed(10.375) == 3
    assert pace.backlog_allowed(30.0) == 4
    pace.spent(6)
    assert pace.wait_s(30.0) == pytest.approx(3 / 8)


def test_the_pace_doubles_a_minute_later_and_every_five_seconds_from_there() -> None:
    pace = eight_per_s()
    pace.recover(10.0)
    assert pace.is_early(69.9)
    assert not pace.is_early(70.0)
    assert [pace.backlog_allowed(now_s) for now_s in (69.9, 70.0, 74.9, 75.0)] == [4, 4, 8, 9]
    pace.backlog_allowed(76.0)
    pace.faltered(76.0)
    assert [pace.backlog_allowed(now_s) for now_s in (76.0, 80.9, 81.0, 82.0)] == [4, 4, 4, 8]
    assert pace.limits(130.9)
    assert not pace.limits(131.0)
    assert pace.recovering_since is None


def test_a_pace_that_is_twice_the_rate_gathers_twice_as_much() -> None:
    pace = eight_per_s()
    pace.recover(10.0, new_included=True)
    assert pace.backlog_allowed(30.0) == 8
    assert pace.is_early(10.0)
    pace.stop()
    assert not pace.is_early(10.0)
