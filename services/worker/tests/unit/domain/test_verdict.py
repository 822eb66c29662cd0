"""What follows from the result of an attempt."""

import pytest
from angarium_worker.application.endpoints.endpoint_guards import result_of
from angarium_worker.domain.attempt_result import (
    AbortRequested,
    Accepted,
    Attempted,
    AttemptResult,
    DisableRequested,
    EndpointGone,
    FailureReason,
    NotAttempted,
    Rejected,
    Rejection,
    Throttled,
    Unreachable,
    without_answer,
)
from angarium_worker.domain.endpoint_guard import Result
from angarium_worker.domain.retry_after import RETRY_AFTER_S_MAX, slowdown_s
from angarium_worker.domain.retry_schedule import RetrySchedule
from angarium_worker.domain.verdict import Aborted, Delivered, Exhausted, Gone, Retry, judge
from hypothesis import given
from hypothesis import strategies as st

SCHEDULE = RetrySchedule((5.0, 300.0), 0.2)
ANSWERED: list[Attempted] = [
    Rejected(404),
    Rejected(500, rejection=Rejection.FAILED),
    Rejected(504, rejection=Rejection.OVERLOADED),
    Throttled(429),
    Throttled(503, retry_after_s=1.0),
    Unreachable(reason=FailureReason.DNS_FAILED),
]
numbers = st.integers(min_value=1, max_value=9)


@given(numbers)
def test_what_is_accepted_is_delivered_at_any_attempt(number: int) -> None:
    assert judge(Accepted(204), number, SCHEDULE, 0.5) == Delivered()


@given(st.sampled_from(ANSWERED), numbers)
def test_all_else_is_retried_until_the_schedule_ends(result: Attempted, number: int) -> None:
    expected = {1: Retry(5.0), 2: Retry(300.0)}.get(number, Exhausted())
    assert judge(result, number, SCHEDULE, 0.5) == expected


@given(numbers)
def test_an_endpoint_that_is_gone_ends_the_delivery_at_any_attempt(number: int) -> None:
    assert judge(EndpointGone(410, statement="gone"), number, SCHEDULE, 0.5) == Gone()


@given(numbers)
def test_a_request_of_the_receiver_ends_the_delivery_at_any_attempt(number: int) -> None:
    refused = DisableRequested(500, answer=Rejected(500), statement="s")
    assert judge(refused, number, SCHEDULE, 0.5) == Gone()
    taken = DisableRequested(200, answer=Accepted(200), statement="s")
    assert judge(taken, number, SCHEDULE, 0.5) == Delivered()
    assert judge(AbortRequested(500, answer=Rejected(500)), number, SCHEDULE, 0.5) == Aborted()


def test_without_a_schedule_the_first_failure_is_the_last() -> None:
    none = RetrySchedule(())
    failures: list[Attempted] = [*ANSWERED, Throttled(retry_after_s=60.0)]
    for result in failures:
        assert judge(result, 1, none, 0.5) == Exhausted()


def test_a_throttling_endpoint_is_retried_when_it_asks_to_be() -> None:
    for asked_s, delay_s in ((60.0, 60.0), (1.0, 5.0), (1e6, RETRY_AFTER_S_MAX)):
        assert judge(Throttled(retry_after_s=asked_s), 1, SCHEDULE, 0.5) == Retry(delay_s)


@given(
    st.lists(st.floats(0.001, 2_592_000), min_size=1, max_size=5),
    st.floats(0, 1e9),
    st.floats(0, 1),
)
def test_retry_after_lies_between_the_next_step_and_a_day_or_the_step_if_longer(
    delays_s: list[float], wait_s: float, random: float
) -> None:
    schedule = RetrySchedule(tuple(delays_s))
    for number in range(1, len(delays_s) + 1):
        step_s = schedule.delay_after_s(number, random)
        assert step_s is not None
        verdict = judge(Throttled(retry_after_s=wait_s), number, schedule, random)
        assert isinstance(verdict, Retry)
        assert step_s <= verdict.delay_s <= max(step_s, RETRY_AFTER_S_MAX)
        if step_s <= wait_s <= RETRY_AFTER_S_MAX:
            assert verdict.delay_s == wait_s


@given(st.none() | st.floats(0, 1e9))
def test_a_throttling_endpoint_is_left_alone_for_a_second_or_as_it_asks_up_to_a_day(
    asked_s: float | None,
) -> None:
    expected_s = 1.0 if asked_s is None else min(asked_s, RETRY_AFTER_S_MAX)
    assert slowdown_s(Throttled(retry_after_s=asked_s)) == expected_s


@pytest.mark.parametrize(
    ("result", "sign"),
    [
        (Accepted(200), Result.SUCCESS),
        (Rejected(404), Result.REFUSED),
        (Rejected(500, rejection=Rejection.FAILED), Result.FAILED),
        (Rejected(504, rejection=Rejection.OVERLOADED), Result.OVERLOADED),
        (Throttled(429), Result.OVERLOADED),
        (EndpointGone(410, statement="gone"), Result.REFUSED),
        (DisableRequested(200, answer=Accepted(200), statement="s"), Result.SUCCESS),
        (AbortRequested(429, answer=Throttled(429)), Result.OVERLOADED),
        (Unreachable(reason=FailureReason.RESPONSE_TIMED_OUT), Result.OVERLOADED),
        (Unreachable(reason=FailureReason.CONNECT_TIMED_OUT), Result.OVERLOADED),
        (Unreachable(reason=FailureReason.TLS_TIMED_OUT), Result.OVERLOADED),
        (Unreachable(reason=FailureReason.DNS_TIMED_OUT), Result.FAILED),
        (Unreachable(reason=FailureReason.CONNECTION_REFUSED), Result.FAILED),
        (Unreachable(reason=FailureReason.INTERNAL_ERROR), Result.UNCOUNTED),
        (NotAttempted(reason=FailureReason.NO_FREE_CONNECTION), Result.UNCOUNTED),
        (NotAttempted(reason=FailureReason.SENDER_CLOSED), Result.UNCOUNTED),
    ],
)
def test_each_result_says_what_it_says_about_the_endpoints_health(
    result: AttemptResult, sign: Result
) -> None:
    assert result_of(result) is sign


@given(st.sampled_from(FailureReason), st.text(max_size=20))
def test_a_failure_goes_on_record_as_its_reason_and_its_facts(
    reason: FailureReason, detail: str
) -> None:
    text = without_answer(reason, detail).failure
    assert text == (f"{reason.value}: {detail}".replace("\0", "") if detail else reason.value)
    assert reason.text.endswith(".")


def test_what_has_a_status_of_its_own_needs_no_failure_on_record() -> None:
    for result in (Accepted(200), Rejected(500), Throttled(429), EndpointGone(410, statement="x")):
        assert result.failure is None


def test_what_is_not_known_of_an_attempt_took_no_time() -> None:
    for result in (Accepted(200), without_answer(FailureReason.DNS_FAILED, "no such host")):
        times_s = (result.duration_s, result.first_byte_s, result.dns_s)
        assert (*times_s, result.connect_s, result.tls_s) == (0.0,) * 5
    assert (Accepted().response_status, Accepted().response) == (0, b"")
