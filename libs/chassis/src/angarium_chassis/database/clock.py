"""The database's clock, by which several processes compare times."""

from sqlalchemy import BigInteger, ColumnElement, literal_column

_POSTGRES = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
# unixepoch('subsec') needs SQLite 3.42; this gives milliseconds on every version.
_SQLITE = "(cast((julianday('now') - 2440587.5) * 86400000 as integer) * 1000)"


def clock_us(*, on_postgres: bool) -> ColumnElement[int]:
    """An SQL expression for the current Unix time in microseconds."""
    return literal_column(_POSTGRES if on_postgres else _SQLITE, BigInteger)
