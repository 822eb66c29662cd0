"""Turning what drivers raise into what the application knows."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import SQLAlchemyError

from angarium_gateway.application.journal import JournalUnavailable


@contextmanager
def journal_failures() -> Iterator[None]:
    """Raise `JournalUnavailable` for whatever the database fails with."""
    try:
        yield
    except (
        SQLAlchemyError,
        asyncpg.PostgresError,
        asyncpg.InterfaceError,
        OSError,
        TimeoutError,
    ) as error:
        raise JournalUnavailable(f"{type(error).__name__}: {error}") from error
