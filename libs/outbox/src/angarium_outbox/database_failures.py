"""Failures of the database, and what they say without the statement and its parameters."""

from typing import Final

from sqlalchemy.exc import SQLAlchemyError


def _of_asyncpg() -> tuple[type[Exception], ...]:
    """Errors of asyncpg, if it is installed: SQLAlchemy passes on those of connecting as they are,
    such as that the server is starting up."""
    try:
        import asyncpg
    except ModuleNotFoundError:
        return ()
    return asyncpg.PostgresError, asyncpg.InterfaceError


DATABASE_FAILURES: Final[tuple[type[Exception], ...]] = (SQLAlchemyError, OSError, *_of_asyncpg())
"""Errors of a database that is away, busy or refuses. TimeoutError is an OSError."""


def reason_of(error: BaseException) -> str:
    """The driver's text."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}"
