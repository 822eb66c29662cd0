"""The errors of database drivers, turned into those of the ports."""

from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg
from sqlalchemy.exc import DataError, SQLAlchemyError, StatementError

from angarium_worker.application.ledger.records import RecordRefused, StorageDown

_REFUSALS = (
    asyncpg.DataError,
    asyncpg.exceptions.IntegrityConstraintViolationError,
    DataError,
    OverflowError,
    UnicodeError,
)
_OUTAGES = (
    asyncpg.PostgresError,
    asyncpg.InterfaceError,
    # What asyncpg gives when the server ends a connection at the moment of its next use.
    asyncpg.InternalClientError,
    SQLAlchemyError,
    OSError,
    TimeoutError,
)


@contextmanager
def storage_errors() -> Iterator[None]:
    """Turn the drivers' errors into `StorageDown` and `RecordRefused`."""
    try:
        yield
    except _REFUSALS as error:
        raise RecordRefused(f"{type(error).__name__}: {error}") from error
    except StatementError as error:
        if isinstance(error.orig, _REFUSALS):
            raise RecordRefused(f"{type(error.orig).__name__}") from error
        raise StorageDown(f"{type(error.orig or error).__name__}: {error.orig or error}") from error
    except _OUTAGES as error:
        raise StorageDown(f"{type(error).__name__}: {error}") from error
