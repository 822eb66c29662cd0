"""The database's own clock, which several processes can compare."""

from sqlalchemy import BigInteger, ColumnElement, literal_column

_POSTGRES = "(extract(epoch from clock_timestamp()) * 1000000)::bigint"
# unixepoch('subsec') needs SQLite 3.42; this gives milliseconds on every version.
_SQLITE = "(cast((julianday('now') - 2440587.5) * 86400000 as integer) * 1000)"


def clock_us(*, on_postgres: bool) -> ColumnElement[int]:
    """Now, in microseconds of Unix time, as an expression for statements."""
    return literal_column(_POSTGRES if on_postgres else _SQLITE, BigInteger)
