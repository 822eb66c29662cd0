"""What follows from an attempt."""

from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.domain.verdict import Delivered, Exhausted, Retry, judge
from hypothesis import given
from hypothesis import strategies as st

SCHEDULE = RetrySchedule((5.0, 300.0), 0.2)
statuses = st.integers(min_value=0, max_value=599)


@given(st.integers(min_value=200, max_value=299), st.integers(min_value=1, max_value=9))
def test_every_2xx_is_delivered_whatever_the_attempt(status: int, number: int) -> None:
    assert judge(status, number, SCHEDULE, 0.5) == Delivered()


@given(statuses.filter(lambda status: not 200 <= status <= 299), st.integers(1, 9))
def test_all_else_is_retried_until_the_schedule_ends(status: int, number: int) -> None:
    expected = {1: Retry(5.0), 2: Retry(300.0)}.get(number, Exhausted())
    assert judge(status, number, SCHEDULE, 0.5) == expected


def test_without_a_schedule_the_first_failure_is_the_last() -> None:
    assert judge(500, 1, RetrySchedule(()), 0.5) == Exhausted()
