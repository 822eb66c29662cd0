"""How long refusals of failed logins wait."""

from angarium_gateway.domain.failed_logins import (
    ADDRESSES_MAX,
    DELAY_MAX_S,
    FREE_FAILURES,
    FailedLogins,
)
from hypothesis import given
from hypothesis import strategies as st


def test_a_few_failures_are_answered_at_once_and_many_ever_later() -> None:
    failed = FailedLogins()
    delays = [failed.delay_s("192.0.2.1", 0.0) for _ in range(100)]
    assert delays[:FREE_FAILURES] == [0.0] * FREE_FAILURES
    assert delays == sorted(delays)
    assert delays[FREE_FAILURES] > 0
    assert delays[-1] == DELAY_MAX_S


def test_failures_are_forgiven_with_time() -> None:
    failed = FailedLogins()
    for _ in range(100):
        failed.delay_s("192.0.2.1", 0.0)
    assert failed.delay_s("192.0.2.1", 1_000.0) == 0


def test_one_address_does_not_slow_another() -> None:
    failed = FailedLogins()
    for _ in range(100):
        failed.delay_s("192.0.2.1", 0.0)
    assert failed.delay_s("192.0.2.2", 0.0) == 0


def test_the_table_is_bounded() -> None:
    failed = FailedLogins()
    for number in range(ADDRESSES_MAX + 100):
        failed.delay_s(str(number), 0.0)
    assert len(failed) == ADDRESSES_MAX


@given(st.lists(st.floats(min_value=0, max_value=100), max_size=60))
def test_no_refusal_waits_longer_than_the_most(steps_s: list[float]) -> None:
    failed, now_s = FailedLogins(), 0.0
    for step_s in steps_s:
        now_s += step_s
        assert 0 <= failed.delay_s("192.0.2.1", now_s) <= DELAY_MAX_S
