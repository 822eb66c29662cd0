"""Port for queries and commands to the dispatcher and the worker."""

from typing import Protocol

from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem


class ServiceQuery(Protocol):
    """Sends a query or a command to one other service and waits for the answer. Errors are values:
    a timeout is a `Problem` too."""

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        """The answer, of type `answer`, or the `Problem` that the service reports."""
