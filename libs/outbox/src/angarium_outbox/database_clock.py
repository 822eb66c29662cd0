"""The database's clock in milliseconds of Unix time, which all relays share."""

from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, literal_column

_NOW_MS: Final = {
    "postgresql": "CAST(extract(epoch FROM clock_timestamp()) * 1000 AS bigint)",
    "mysql": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    "mariadb": "CAST(UNIX_TIMESTAMP(NOW(3)) * 1000 AS SIGNED)",
    "sqlite": "CAST((julianday('now') - 2440587.5) * 86400000 AS INTEGER)",
}


class UnsupportedDatabase(ValueError):
    """The outbox does not know the database's dialect."""


def now_ms(dialect: Any) -> ColumnElement[int]:
    """The expression of the clock."""
    expression = _NOW_MS.get(dialect.name)
    if expression is None:
        known = "PostgreSQL, MySQL, MariaDB and SQLite"
        raise UnsupportedDatabase(f"The outbox works on {known}, not on {dialect.name}.")
    return literal_column(expression, BigInteger)
