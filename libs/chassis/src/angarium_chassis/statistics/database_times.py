"""Times computed by the database, so that it counts without sending rows."""

from functools import reduce
from typing import Any, Final

from sqlalchemy import BigInteger, ColumnElement, func, literal
from sqlalchemy.ext.compiler import compiles
from sqlalchemy.sql.functions import FunctionElement

_MINUTE_US: Final = 60_000_000
_DIGITS: Final = "0123456789ABCDEF"
_HEX_DIGITS: Final = 12
"""Of the milliseconds at the beginning of an id (RFC 9562, UUIDv7)."""


def start_of_minute(at_us: ColumnElement[int]) -> ColumnElement[int]:
    """The beginning of the minute that a column of microseconds is in."""
    return at_us - at_us % _MINUTE_US


class created_at_ms(FunctionElement[int]):  # noqa: N801 - a function of SQL
    """`angarium_contracts.ids.created_at_ms` of a column of ids."""

    type = BigInteger()
    inherit_cache = True


@compiles(created_at_ms, "postgresql")
def _on_postgres(element: created_at_ms, compiler: Any, **options: Any) -> str:
    (column,) = element.clauses
    id_bytes = compiler.process(column, **options)
    return f"('x' || encode(substr({id_bytes}, 1, 6), 'hex'))::bit(48)::bigint"


@compiles(created_at_ms, "sqlite")
def _on_sqlite(element: created_at_ms, compiler: Any, **options: Any) -> str:
    """SQLite reads no hexadecimal numbers out of text: each digit is looked up."""
    (column,) = element.clauses
    digits = func.hex(column)
    value: ColumnElement[int] = literal(0)
    value = reduce(
        lambda so_far, place: so_far * 16 + func.instr(_DIGITS, func.substr(digits, place, 1)) - 1,
        range(1, _HEX_DIGITS + 1),
        value,
    )
    return str(compiler.process(value.self_group(), **options))
