"""Translates errors of the database drivers into `JournalUnavailable`."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from angarium_gateway.application.unavailable import JournalUnavailable

REASON_CHARS_MAX = 300


@contextmanager
def journal_failures() -> Iterator[None]:
    """Raise `JournalUnavailable` for every failure of the database."""
    try:
        yield
    except (
        SQLAlchemyError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        # What asyncpg gives when the server ends a connection at the moment of its next use.
        asyncpg.InternalClientError,
        OSError,
        TimeoutError,
    ) as error:
        raise JournalUnavailable(_reason(error)) from error


def _reason(error: Exception) -> str:
    """One line. SQLAlchemy's own text would contain the statement with its parameters, and so
    payloads."""
    cause = getattr(error, "orig", None) or error
    first_line = str(cause).partition("\n")[0]
    return f"{type(cause).__name__}: {first_line[:REASON_CHARS_MAX]}"
