"""What follows from an attempt."""

from angarium_worker.domain.retry_after import RETRY_AFTER_S_MAX
from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.domain.verdict import Delivered, Exhausted, Gone, Retry, judge
from hypothesis import given
from hypothesis import strategies as st

SCHEDULE = RetrySchedule((5.0, 300.0), 0.2)
statuses = st.integers(min_value=0, max_value=599)
numbers = st.integers(min_value=1, max_value=9)
waits_s = st.none() | st.floats(min_value=0, max_value=1e9)


@given(st.integers(min_value=200, max_value=299), numbers, waits_s)
def test_every_2xx_is_delivered_whatever_the_attempt(
    status: int, number: int, wait_s: float | None
) -> None:
    assert judge(status, number, SCHEDULE, 0.5, wait_s) == Delivered()


@given(statuses.filter(lambda status: not 200 <= status <= 299 and status != 410), numbers)
def test_all_else_is_retried_until_the_schedule_ends(status: int, number: int) -> None:
    expected = {1: Retry(5.0), 2: Retry(300.0)}.get(number, Exhausted())
    assert judge(status, number, SCHEDULE, 0.5) == expected


@given(numbers, waits_s)
def test_410_ends_the_delivery_at_any_attempt(number: int, wait_s: float | None) -> None:
    assert judge(410, number, SCHEDULE, 0.5, wait_s) == Gone()


def test_without_a_schedule_the_first_failure_is_the_last() -> None:
    assert judge(500, 1, RetrySchedule(()), 0.5) == Exhausted()
    assert judge(503, 1, RetrySchedule(()), 0.5, 60.0) == Exhausted()


def test_a_throttling_endpoint_is_retried_when_it_asks_to_be() -> None:
    for status in (429, 503):
        assert judge(status, 1, SCHEDULE, 0.5, 60.0) == Retry(60.0)
        assert judge(status, 1, SCHEDULE, 0.5, 1.0) == Retry(5.0)
        assert judge(status, 1, SCHEDULE, 0.5, 1e6) == Retry(RETRY_AFTER_S_MAX)


@given(
    st.sampled_from([429, 503]),
    st.lists(st.floats(0.001, 2_592_000), min_size=1, max_size=5),
    st.floats(0, 1e9),
    st.floats(0, 1),
)
def test_retry_after_lies_between_the_next_step_and_a_day_or_the_step_if_longer(
    status: int, delays_s: list[float], wait_s: float, random: float
) -> None:
    schedule = RetrySchedule(tuple(delays_s))
    for number in range(1, len(delays_s) + 1):
        step_s = schedule.delay_after_s(number, random)
        assert step_s is not None
        verdict = judge(status, number, schedule, random, wait_s)
        assert isinstance(verdict, Retry)
        assert step_s <= verdict.delay_s <= max(step_s, RETRY_AFTER_S_MAX)
        if step_s <= wait_s <= RETRY_AFTER_S_MAX:
            assert verdict.delay_s == wait_s


@given(statuses.filter(lambda status: status not in (429, 503)), numbers, waits_s)
def test_retry_after_counts_for_429_and_503_only(
    status: int, number: int, wait_s: float | None
) -> None:
    assert judge(status, number, SCHEDULE, 0.5, wait_s) == judge(status, number, SCHEDULE, 0.5)
