"""Which times a message may name."""

from datetime import UTC, datetime, timedelta, timezone

import pytest
from angarium_gateway.adapters.http.posted_message import delivery_time, read_message
from angarium_gateway.adapters.http.problems import Refused
from angarium_gateway.domain.delivery_time import AHEAD_MAX, TooFarAhead, scheduled_time
from hypothesis import given
from hypothesis import strategies as st

NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
OFFSETS = st.integers(-14 * 60, 14 * 60).map(lambda minutes: timezone(timedelta(minutes=minutes)))


@given(st.datetimes(timezones=OFFSETS))
def test_a_time_is_kept_if_it_is_ahead_but_not_too_far(deliver_at: datetime) -> None:
    if deliver_at > NOW + AHEAD_MAX:
        with pytest.raises(TooFarAhead):
            scheduled_time(deliver_at, NOW)
    else:
        assert scheduled_time(deliver_at, NOW) == (deliver_at if deliver_at > NOW else None)


def test_the_bounds_are_now_and_thirty_days() -> None:
    assert scheduled_time(None, NOW) is None
    assert scheduled_time(NOW, NOW) is None
    assert scheduled_time(NOW + timedelta(microseconds=1), NOW) is not None
    assert scheduled_time(NOW + timedelta(days=30), NOW) == NOW + timedelta(days=30)
    with pytest.raises(TooFarAhead):
        scheduled_time(NOW + timedelta(days=30, microseconds=1), NOW)


def read(deliver_at: str) -> datetime | None:
    body = b'{"eventType": "a", "payload": {}, "deliverAt": %s}' % deliver_at.encode()
    return delivery_time(read_message(body, payload_bytes_max=1000), NOW)


def test_a_body_names_a_time_with_its_offset() -> None:
    assert read("null") is None
    assert read('"2030-01-02T05:04:05.5+01:00"') == NOW + timedelta(hours=1, seconds=0.5)
    assert read('"2030-01-02T03:04:06Z"') == NOW + timedelta(seconds=1)
    assert read('"0001-01-01T00:00:00+14:00"') is None


@pytest.mark.parametrize(
    "text",
    ['"2030-01-02T05:04:05"', '"2030-01-02"', '"tomorrow"', "1893553445", '""', "true", '"9999"'],
)
def test_what_is_no_time_with_an_offset_is_refused(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text)
    assert refused.value.answer.status == 422
    assert b'"deliverAt"' in refused.value.answer.body


@pytest.mark.parametrize("text", ['"2030-02-01T03:04:06Z"', '"9999-12-31T23:59:59-14:00"'])
def test_a_time_too_far_ahead_is_refused_with_the_bound(text: str) -> None:
    with pytest.raises(Refused) as refused:
        read(text)
    assert refused.value.answer.status == 422
    assert b"30 days" in refused.value.answer.body
    assert b"2030-02-01T03:04:05+00:00" in refused.value.answer.body
