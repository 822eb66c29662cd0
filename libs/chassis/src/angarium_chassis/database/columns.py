"""Column types that are the same on both engines."""

from datetime import UTC, datetime
from typing import Any, override

from sqlalchemy import BigInteger, Dialect, Integer, LargeBinary
from sqlalchemy.types import TypeDecorator

Id = LargeBinary(16)
"""A 16-byte id: bytea, or a blob."""

Big = BigInteger().with_variant(Integer, "sqlite")
"""64-bit integer; on SQLite the type that a rowid key needs."""


class Instant(TypeDecorator[datetime]):
    """A point in time to the microsecond, stored as microseconds of Unix time."""

    impl = BigInteger
    cache_ok = True

    @override
    def process_bind_param(self, value: datetime | None, dialect: Dialect) -> int | None:
        return None if value is None else to_micros(value)

    @override
    def process_result_value(self, value: Any, dialect: Dialect) -> datetime | None:
        return None if value is None else from_micros(value)


def to_micros(value: datetime) -> int:
    """Convert to microseconds of Unix time. Raises ValueError without a time zone."""
    if value.tzinfo is None:
        raise ValueError("a time needs its zone")
    delta = value - _EPOCH
    return (delta.days * 86_400 + delta.seconds) * 1_000_000 + delta.microseconds


def from_micros(value: int) -> datetime:
    """Convert microseconds of Unix time to a time in UTC."""
    return datetime.fromtimestamp(value // 1_000_000, UTC).replace(microsecond=value % 1_000_000)


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
