"""The retry schedule: parsed strictly, bounded, monotonous in the random number."""

import contextlib

import pytest
from angarium_worker.domain.retry_schedule import (
    DEFAULT_SCHEDULE,
    DELAY_S_MAX,
    DELAYS_MAX,
    JITTER_MAX,
    RetrySchedule,
    ScheduleRefused,
    effective_delays,
    parse_delays,
)
from hypothesis import given
from hypothesis import strategies as st

delays = st.lists(st.floats(min_value=0.001, max_value=DELAY_S_MAX), max_size=DELAYS_MAX)
jitters = st.floats(min_value=0, max_value=JITTER_MAX)
randoms = st.floats(min_value=0, max_value=1)


def test_the_default_schedule_is_the_documented_one() -> None:
    h = 3_600
    expected = (5, 300, 1_800, 2 * h, 5 * h, 10 * h, 14 * h, 20 * h, 24 * h)
    assert parse_delays(DEFAULT_SCHEDULE) == expected


@pytest.mark.parametrize(
    ("text", "expected"),
    [("", ()), ("5s", (5,)), (" 5s , 1.5m ", (5, 90)), ("250ms,2h,1d", (0.25, 7_200, 86_400))],
)
def test_durations_take_a_number_and_a_unit(text: str, expected: tuple[float, ...]) -> None:
    assert parse_delays(text) == expected


@pytest.mark.parametrize("text", ["5", "s", "5s,", ",", "5 s", "-5s", "5x", "1e3s", "٥s", "5s;5m"])
def test_what_is_no_duration_is_refused_with_an_example(text: str) -> None:
    with pytest.raises(ScheduleRefused, match="such as 5s,5m,2h"):
        parse_delays(text)


@given(st.text(max_size=60))
def test_any_text_is_either_read_or_refused(text: str) -> None:
    with contextlib.suppress(ScheduleRefused):
        assert all(delay_s >= 0 for delay_s in parse_delays(text))


@pytest.mark.parametrize(
    ("delays_s", "jitter"),
    [((0.0,), 0.2), ((DELAY_S_MAX + 1,), 0.2), ((1.0,) * 51, 0.2), ((1.0,), 0.6), ((1.0,), -0.1)],
)
def test_a_schedule_out_of_bounds_is_refused(delays_s: tuple[float, ...], jitter: float) -> None:
    with pytest.raises(ScheduleRefused):
        RetrySchedule(delays_s, jitter)


@given(delays, jitters, randoms, st.integers(min_value=1, max_value=DELAYS_MAX + 5))
def test_a_delay_lies_within_the_jitter_and_ends_with_the_schedule(
    delays_s: list[float], jitter: float, random: float, attempts_made: int
) -> None:
    delay_s = RetrySchedule(tuple(delays_s), jitter).delay_after_s(attempts_made, random)
    if attempts_made > len(delays_s):
        assert delay_s is None
    else:
        planned_s = delays_s[attempts_made - 1]
        assert delay_s is not None
        assert delay_s > 0
        slack = 1e-9 * planned_s
        assert planned_s * (1 - jitter) - slack <= delay_s <= planned_s * (1 + jitter) + slack


@given(delays.filter(bool), jitters, randoms, randoms)
def test_a_larger_random_number_never_shortens_the_delay(
    delays_s: list[float], jitter: float, one: float, other: float
) -> None:
    schedule = RetrySchedule(tuple(delays_s), jitter)
    low, high = (schedule.delay_after_s(1, number) for number in sorted((one, other)))
    assert low is not None
    assert high is not None
    assert low <= high


@given(st.none() | delays, st.none() | delays, delays)
def test_the_most_specific_schedule_counts(
    endpoint: list[float] | None, message: list[float] | None, default: list[float]
) -> None:
    specific = [schedule for schedule in (endpoint, message, default) if schedule is not None]
    assert effective_delays(endpoint, message, default) == tuple(specific[0])


def test_an_empty_schedule_of_an_endpoint_means_no_retries() -> None:
    assert effective_delays((), (5.0,), (60.0,)) == ()


def test_a_schedule_at_its_bounds_is_taken() -> None:
    schedule = RetrySchedule((DELAY_S_MAX,) * DELAYS_MAX, JITTER_MAX)
    assert schedule.delay_after_s(DELAYS_MAX, 0.5) == DELAY_S_MAX
    assert schedule.delay_after_s(DELAYS_MAX + 1, 0.5) is None
    assert RetrySchedule((1.0,), 0).delay_after_s(1, 1.0) == 1.0
    assert RetrySchedule((0.5,)).delay_after_s(1, 0.0) == pytest.approx(0.4)
    assert RetrySchedule((10.0,), 0.5).delay_after_s(1, 1.0) == pytest.approx(15.0)
