from datetime import UTC, datetime, timedelta, timezone

import pytest
from angarium_chassis.database.columns import from_micros, to_micros
from hypothesis import given
from hypothesis import strategies as st

zones = st.timedeltas(timedelta(hours=-23), timedelta(hours=23)).map(timezone)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=zones))  # noqa: DTZ001
def test_a_time_survives_to_the_microsecond(value: datetime) -> None:
    assert from_micros(to_micros(value)) == value


@given(st.integers(-62_135_596_800_000_000, 253_402_300_799_999_999))
def test_microseconds_survive(value: int) -> None:
    assert to_micros(from_micros(value)) == value
    assert from_micros(value).tzinfo is UTC


def test_a_time_without_a_zone_is_refused() -> None:
    with pytest.raises(ValueError, match="zone"):
        to_micros(datetime(2026, 1, 2))  # noqa: DTZ001
