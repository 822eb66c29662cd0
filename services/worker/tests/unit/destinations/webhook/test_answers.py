"""Reading HTTP answers: what a status means, and how long Retry-After asks to wait."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime

import pytest
from angarium_worker.adapters.destinations.webhook.answers import (
    failed_answer,
    parse_retry_after,
    read_answer,
)
from angarium_worker.domain.attempt_result import (
    AbortRequested,
    Accepted,
    DisableRequested,
    EndpointGone,
    Rejected,
    Rejection,
    Throttled,
)
from angarium_worker.domain.retry_after import RETRY_AFTER_S_MAX
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
NOW_S = NOW.timestamp()


@pytest.mark.parametrize(
    ("text", "wait_s"),
    [
        ("0", 0.0),
        ("120", 120.0),
        (" 120 ", 120.0),
        ("00000000000000000000120", 120.0),
        ("86400", 86_400.0),
        ("86401", RETRY_AFTER_S_MAX),
        ("9" * 60, RETRY_AFTER_S_MAX),
        ("Fri, 02 Jan 2026 03:05:05 GMT", 60.0),
        ("Friday, 02-Jan-26 03:05:05 GMT", 60.0),
        ("Fri Jan  2 03:05:05 2026", 60.0),
        ("Thu, 01 Jan 2026 00:00:00 GMT", 0.0),
        ("Fri, 02 Jan 2096 03:05:05 GMT", RETRY_AFTER_S_MAX),
        (None, None),
        ("", None),
        ("-1", None),
        ("1.5", None),
        ("soon", None),
        ("\u0661", None),
        ("9" * 65, None),
        ("Fri, 99 Jan 2026 03:05:05 GMT", None),
    ],
)
def test_seconds_and_dates_are_read_and_cut_to_a_day(
    text: str | None, wait_s: float | None
) -> None:
    assert parse_retry_after(text, NOW_S) == wait_s


@given(st.text(max_size=80) | st.text("0123456789:, GMTJanFri+-", max_size=40))
def test_whatever_is_sent_gives_nothing_or_0_to_a_day(text: str) -> None:
    wait_s = parse_retry_after(text, NOW_S)
    assert wait_s is None or 0 <= wait_s <= RETRY_AFTER_S_MAX


@given(st.integers(-100_000, 200_000))
def test_a_date_is_the_time_until_then_within_the_bounds(ahead_s: int) -> None:
    text = format_datetime(NOW + timedelta(seconds=ahead_s), usegmt=True)
    assert parse_retry_after(text, NOW_S) == min(max(ahead_s, 0), RETRY_AFTER_S_MAX)


@given(st.integers(200, 999), st.none() | st.text(max_size=5), st.booleans())
def test_every_status_has_its_result_and_is_on_record_with_its_facts(
    status: int, retry_after: str | None, reused: bool
) -> None:
    result = read_answer(
        status,
        b"body",
        retry_after,
        lambda: NOW_S,
        5.0,
        4.0,
        1.0,
        2.0,
        3.0,
        connection_reused=reused,
        body_truncated=not reused,
    )
    match status:
        case 410:
            assert isinstance(result, EndpointGone)
            assert result.statement == "the endpoint answered 410 Gone"
        case 429 | 503:
            assert isinstance(result, Throttled)
            assert result.retry_after_s == parse_retry_after(retry_after, NOW_S)
        case _ if status < 300:
            assert isinstance(result, Accepted)
        case _:
            assert isinstance(result, Rejected)
            server = Rejection.OVERLOADED if status == 504 else Rejection.FAILED
            assert result.rejection is (server if status >= 500 else Rejection.REFUSED)
    assert (result.response_status, result.response, result.failure) == (status, b"body", None)
    assert (result.duration_s, result.first_byte_s) == (5.0, 4.0)
    assert (result.dns_s, result.connect_s, result.tls_s) == (1.0, 2.0, 3.0)
    assert (result.connection_reused, result.response_truncated) == (reused, not reused)


@given(st.integers(200, 999), st.sampled_from(["disable", " Disable "]))
def test_a_receiver_asks_to_be_disabled_with_any_status(status: int, request: str) -> None:
    result = read_answer(status, b"body", None, lambda: NOW_S, 5.0, request=request)
    if status == 410:
        assert isinstance(result, EndpointGone)
        return
    assert isinstance(result, DisableRequested)
    assert result.answer == read_answer(status, b"body", None, lambda: NOW_S, 5.0)
    assert (result.response_status, result.response, result.duration_s) == (status, b"body", 5.0)
    assert result.statement == "the endpoint answered with webhook-delivery: disable"
    assert result.failure == (None if status < 300 else "disabled_by_receiver")


@given(st.integers(200, 999))
def test_a_receiver_aborts_a_message_that_it_did_not_take(status: int) -> None:
    result = read_answer(status, b"", "7", lambda: NOW_S, 5.0, request="abort-message")
    plain = read_answer(status, b"", "7", lambda: NOW_S, 5.0)
    if status < 300 or status == 410:
        assert result == plain
        return
    assert isinstance(result, AbortRequested)
    assert (result.answer, result.failure) == (plain, "aborted_by_receiver")


@given(st.integers(200, 999), st.text(max_size=20).filter(lambda text: "a" not in text))
def test_any_other_text_asks_for_nothing(status: int, request: str) -> None:
    assert read_answer(status, b"", None, lambda: NOW_S, 5.0, request=request) == read_answer(
        status, b"", None, lambda: NOW_S, 5.0
    )


@given(st.integers(0, 999))
def test_every_failed_answer_has_words_and_no_other_has(status: int) -> None:
    failed = failed_answer(status)
    assert (failed is None) == (status == 0 or 200 <= status <= 299)
    if failed is not None:
        assert failed.reason
        assert failed.text.endswith(".")


@pytest.mark.parametrize("status", [500, 599, 600, 999])
def test_a_status_above_599_has_the_words_of_5xx(status: int) -> None:
    failed = failed_answer(status)
    assert failed is not None
    assert failed.reason == "endpoint_failed"


def test_redirects_are_told_not_to_be_followed() -> None:
    failed = failed_answer(301)
    assert failed is not None
    assert failed.reason == "redirect_not_followed"
