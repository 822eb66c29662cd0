"""The port to the services that own configuration and attempts."""

from typing import Protocol

from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem


class ServiceQuery(Protocol):
    """Asks one other service. Errors are values: no answer in time is a `Problem` too."""

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        """What the service gives, of the type `answer`, or why it gives nothing."""
