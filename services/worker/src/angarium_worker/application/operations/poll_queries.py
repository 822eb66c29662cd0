"""Questions about polled endpoints: bounds are checked here, the database answers."""

from typing import Final, Protocol, assert_never

from angarium_contracts.contract import Contract
from angarium_contracts.polling import (
    ConsumerPage,
    ConsumerPosition,
    Consumers,
    ForgetConsumer,
    ListConsumers,
    PollAsConsumer,
    PollDeliveries,
    PolledDeliveries,
    SeekConsumer,
)
from angarium_contracts.queries import Done, Problem, ProblemCode

from .problems import invalid, or_problem

PAGE_MAX: Final = 250
CONSUMERS_MAX: Final = 100

type PollQuestion = PollDeliveries | PollAsConsumer | SeekConsumer | ListConsumers | ForgetConsumer


class TooManyConsumers(Exception):
    """The endpoint has `CONSUMERS_MAX` consumers, the most it may have."""


class PolledEndpoints(Protocol):
    """Reads polled endpoints and keeps their consumers. Every method raises `StorageDown`."""

    async def poll(self, question: PollDeliveries) -> PolledDeliveries:
        """See `PollDeliveries`."""
        ...

    async def poll_as(self, question: PollAsConsumer) -> ConsumerPage:
        """See `PollAsConsumer`. Raises `TooManyConsumers`."""
        ...

    async def seek(self, command: SeekConsumer) -> ConsumerPosition:
        """See `SeekConsumer`. Raises `TooManyConsumers`."""
        ...

    async def consumers(self, endpoint_id: bytes) -> Consumers:
        """See `ListConsumers`."""
        ...

    async def forget(self, endpoint_id: bytes, name: str) -> bool:
        """Delete a consumer; False when there is none."""
        ...


class PollQueries:
    """Answers the questions of `angarium_contracts.polling`."""

    def __init__(self, endpoints: PolledEndpoints) -> None:
        self._endpoints = endpoints

    async def answer(self, question: PollQuestion) -> Contract:
        """Answer as the question's contract specifies, or with a `Problem`."""
        try:
            return await or_problem(question, self._answer(question))
        except TooManyConsumers:
            return Problem(
                ProblemCode.CONFLICT,
                f"The endpoint has {CONSUMERS_MAX} consumers, the most it may have. Delete one of"
                " them, or poll as one of them.",
            )

    async def _answer(self, question: PollQuestion) -> Contract:
        match question:
            case PollDeliveries(limit=limit) | PollAsConsumer(limit=limit) if not (
                1 <= limit <= PAGE_MAX
            ):
                return invalid(f"`limit` must be from 1 to {PAGE_MAX}.")
            case PollDeliveries():
                return await self._endpoints.poll(question)
            case PollAsConsumer():
                return await self._endpoints.poll_as(question)
            case SeekConsumer():
                return await self._endpoints.seek(question)
            case ListConsumers(endpoint_id=endpoint_id):
                return await self._endpoints.consumers(endpoint_id)
            case ForgetConsumer(endpoint_id=endpoint_id, consumer=name):
                if await self._endpoints.forget(endpoint_id, name):
                    return Done()
                detail = f"The endpoint has no consumer `{name}`. It may have been deleted."
                return Problem(ProblemCode.NOT_FOUND, detail)
            case _:
                assert_never(question)
