"""Problems that answer commands and queries about deliveries."""

from collections.abc import Awaitable

import structlog
from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem, ProblemCode

from angarium_worker.application.ledger.records import RecordRefused, StorageDown

log = structlog.get_logger()


async def or_problem(question: Contract, answer: Awaitable[Contract]) -> Contract:
    """The answer, or a `Problem` when the database is down or refuses a value."""
    try:
        return await answer
    except StorageDown as error:
        log.warning("query.database_down", question=type(question).__name__, error=str(error)[:300])
        return Problem(
            code=ProblemCode.UNAVAILABLE,
            detail="The worker's database is not available. Try again.",
        )
    except (RecordRefused, ValueError) as error:
        return invalid(f"The worker cannot store this: {str(error)[:200]}")


def invalid(detail: str) -> Problem:
    """The question itself is wrong."""
    return Problem(code=ProblemCode.INVALID, detail=detail)
