"""Questions about deliveries: bounds are checked here, the database answers."""

from typing import Protocol, assert_never

from angarium_contracts.contract import Contract
from angarium_contracts.deliveries import (
    CountWaiting,
    Deliveries,
    EndpointDeliveryState,
    EndpointStats,
    FindDeliveries,
    FindMissingDeliveries,
    FindUnhealthyEndpoints,
    GetEndpointDeliveryState,
    GetEndpointStats,
    ListFailedDeliveries,
    ListMessageDeliveries,
    MessageIds,
    UnhealthyEndpoints,
    WaitingCounted,
)

from .problems import invalid, or_problem

MESSAGES_MAX = 100
FOUND_MAX = 250

type EndpointQuestion = (
    ListFailedDeliveries
    | FindMissingDeliveries
    | GetEndpointStats
    | GetEndpointDeliveryState
    | ListMessageDeliveries
    | FindDeliveries
)
type TenantQuestion = FindUnhealthyEndpoints | CountWaiting
type DeliveryQuestion = EndpointQuestion | TenantQuestion


class MessageQuestions(Protocol):
    """Reads an endpoint's messages by outcome. Every method raises `StorageDown`."""

    async def failed(self, question: ListFailedDeliveries) -> MessageIds:
        """See `ListFailedDeliveries`."""
        ...

    async def missing(self, question: FindMissingDeliveries) -> MessageIds:
        """See `FindMissingDeliveries`."""
        ...


class EndpointQuestions(Protocol):
    """Reads an endpoint's delivery state and counts. Every method raises `StorageDown`."""

    async def stats(self, question: GetEndpointStats) -> EndpointStats:
        """See `GetEndpointStats`."""
        ...

    async def state(self, question: GetEndpointDeliveryState) -> EndpointDeliveryState:
        """See `GetEndpointDeliveryState`."""
        ...


class SingleDeliveries(Protocol):
    """Reads single deliveries. Every method raises `StorageDown`."""

    async def of_message(self, question: ListMessageDeliveries) -> Deliveries:
        """See `ListMessageDeliveries`."""
        ...

    async def of_endpoint(self, question: FindDeliveries) -> Deliveries:
        """See `FindDeliveries`."""
        ...


class TenantQuestions(Protocol):
    """Reads what concerns the endpoints of a whole tenant. Every method raises `StorageDown`."""

    async def unhealthy(self, question: FindUnhealthyEndpoints) -> UnhealthyEndpoints:
        """See `FindUnhealthyEndpoints`."""
        ...

    async def waiting(self, question: CountWaiting) -> WaitingCounted:
        """See `CountWaiting`."""
        ...


class DeliveryQueries:
    """Answers the questions of `angarium_contracts.deliveries`."""

    def __init__(
        self,
        messages: MessageQuestions,
        endpoints: EndpointQuestions,
        deliveries: SingleDeliveries,
        tenants: TenantQuestions,
    ) -> None:
        self._messages = messages
        self._endpoints = endpoints
        self._deliveries = deliveries
        self._tenants = tenants

    async def answer(self, question: DeliveryQuestion) -> Contract:
        """Answer as the question's contract specifies, or with a `Problem`."""
        if isinstance(question, FindUnhealthyEndpoints | CountWaiting):
            return await or_problem(question, self._of_tenant(question))
        return await or_problem(question, self._answer(question))

    async def _of_tenant(self, question: TenantQuestion) -> Contract:
        if isinstance(question, CountWaiting):
            return await self._tenants.waiting(question)
        if not 1 <= question.limit <= MESSAGES_MAX:
            return invalid(f"Query at most {MESSAGES_MAX} endpoints at once.")
        return await self._tenants.unhealthy(question)

    async def _answer(self, question: EndpointQuestion) -> Contract:
        match question:
            case ListFailedDeliveries():
                return await self._messages.failed(question)
            case FindMissingDeliveries(message_ids=message_ids):
                if len(message_ids) > MESSAGES_MAX:
                    return invalid(f"Query at most {MESSAGES_MAX} messages at once.")
                return await self._messages.missing(question)
            case GetEndpointStats():
                return await self._endpoints.stats(question)
            case GetEndpointDeliveryState():
                return await self._endpoints.state(question)
            case ListMessageDeliveries():
                return await self._deliveries.of_message(question)
            case FindDeliveries(message_ids=message_ids):
                if len(message_ids) > FOUND_MAX:
                    return invalid(f"Query at most {FOUND_MAX} messages at once.")
                return await self._deliveries.of_endpoint(question)
            case _:
                assert_never(question)
