"""What a failure of the database says, without the statement and its parameters."""

from sqlalchemy.exc import SQLAlchemyError

DATABASE_FAILURES = (SQLAlchemyError, OSError)
"""Errors of a database that is away, busy or refuses."""


def reason_of(error: BaseException) -> str:
    """The driver's text."""
    cause = getattr(error, "orig", None) or error
    return f"{type(cause).__name__}: {cause}"
