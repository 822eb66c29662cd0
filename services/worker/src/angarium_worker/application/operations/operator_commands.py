"""What people have done with deliveries, and ask about them."""

from collections.abc import Callable
from typing import Protocol, assert_never

import structlog
from angarium_contracts.contract import Contract
from angarium_contracts.deliveries import (
    CancelDeliveries,
    Deliveries,
    DeliveriesChanged,
    EndpointDeliveryState,
    EndpointStats,
    FindDeliveries,
    FindMissingDeliveries,
    GetEndpointDeliveryState,
    GetEndpointStats,
    ListFailedDeliveries,
    ListMessageDeliveries,
    MessageIds,
    ResendDeliveries,
    ResentMessage,
)
from angarium_contracts.queries import Problem, ProblemCode

from angarium_worker.application.endpoints.endpoint_cache import EndpointCache
from angarium_worker.application.endpoints.endpoint_config import (
    EndpointConfig,
    Inactive,
    ResolvedEndpoint,
)
from angarium_worker.application.ledger.records import (
    Lane,
    RecordRefused,
    StorageDown,
    channel_text,
    delays_text,
)

from .manual_ledger import ManualLedger, ResentRow

MESSAGES_MAX = 100
CANCELLED_MAX = 1_000
FOUND_MAX = 250

log = structlog.get_logger()

type OperatorCommand = ResendDeliveries | CancelDeliveries
type DeliveryQuestion = (
    ListFailedDeliveries
    | FindMissingDeliveries
    | GetEndpointStats
    | GetEndpointDeliveryState
    | ListMessageDeliveries
    | FindDeliveries
)


class MessageQuestions(Protocol):
    """Which messages of an endpoint are where. Every method raises `StorageDown`."""

    async def failed(self, question: ListFailedDeliveries) -> MessageIds:
        """See `ListFailedDeliveries`."""
        ...

    async def missing(self, question: FindMissingDeliveries) -> MessageIds:
        """See `FindMissingDeliveries`."""
        ...


class StandingQuestions(Protocol):
    """How an endpoint is being delivered to. Every method raises `StorageDown`."""

    async def stats(self, question: GetEndpointStats) -> EndpointStats:
        """See `GetEndpointStats`."""
        ...

    async def state(self, question: GetEndpointDeliveryState) -> EndpointDeliveryState:
        """See `GetEndpointDeliveryState`."""
        ...


class SingleDeliveries(Protocol):
    """Where single deliveries stand. Every method raises `StorageDown`."""

    async def of_message(self, question: ListMessageDeliveries) -> Deliveries:
        """See `ListMessageDeliveries`."""
        ...

    async def of_endpoint(self, question: FindDeliveries) -> Deliveries:
        """See `FindDeliveries`."""
        ...


class OperatorCommands:
    """Carries out the commands and answers the queries of `angarium_contracts.deliveries`.

    `notify` is called once something may be due; `lease_s` is the longest that a worker holds a
    delivery.
    """

    def __init__(
        self,
        ledger: ManualLedger,
        book: EndpointCache,
        messages: MessageQuestions,
        standing: StandingQuestions,
        deliveries: SingleDeliveries,
        *,
        notify: Callable[[], object],
        lease_s: float,
    ) -> None:
        self._book = book
        self._ledger = ledger
        self._messages = messages
        self._standing = standing
        self._deliveries = deliveries
        self._notify = notify
        self._lease_s = lease_s

    async def answer(self, question: OperatorCommand | DeliveryQuestion) -> Contract:
        """What the contract of the question promises, or a `Problem`."""
        try:
            return await self._answer(question)
        except StorageDown as error:
            log.warning(
                "query.database_down", question=type(question).__name__, error=str(error)[:300]
            )
            return Problem(
                code=ProblemCode.UNAVAILABLE,
                detail="the worker's database cannot be used; try again",
            )
        except (RecordRefused, ValueError) as error:
            return _invalid(f"the worker cannot store this: {str(error)[:200]}")

    async def _answer(self, question: OperatorCommand | DeliveryQuestion) -> Contract:
        match question:
            case ResendDeliveries():
                return await self._resend(question)
            case CancelDeliveries():
                return await self._cancel(question)
            case ListFailedDeliveries():
                return await self._messages.failed(question)
            case FindMissingDeliveries():
                if len(question.message_ids) > MESSAGES_MAX:
                    return _invalid(f"at most {MESSAGES_MAX} messages at a time")
                return await self._messages.missing(question)
            case GetEndpointStats():
                return await self._standing.stats(question)
            case GetEndpointDeliveryState():
                return await self._standing.state(question)
            case ListMessageDeliveries() | FindDeliveries():
                return await self._single(question)
            case _:
                assert_never(question)

    async def _single(self, question: ListMessageDeliveries | FindDeliveries) -> Contract:
        if isinstance(question, ListMessageDeliveries):
            return await self._deliveries.of_message(question)
        if len(question.message_ids) > FOUND_MAX:
            return _invalid(f"at most {FOUND_MAX} messages at a time")
        return await self._deliveries.of_endpoint(question)

    async def _resend(self, command: ResendDeliveries) -> Contract:
        if len(command.messages) > MESSAGES_MAX:
            return _invalid(f"at most {MESSAGES_MAX} messages at a time")
        wanted = {command.endpoint_id: command.endpoint_version}
        endpoint = (await self._book.load(wanted)).get(command.endpoint_id)
        match endpoint:
            case None:
                return Problem(
                    code=ProblemCode.UNAVAILABLE,
                    detail="the worker does not know the endpoint yet; try again",
                )
            case Inactive(reason=reason):
                return Problem(code=ProblemCode.CONFLICT, detail=f"nothing can be sent: {reason}")
        rows = [_row(command, message, _lane(endpoint)) for message in command.messages]
        count = await self._ledger.resend(rows, only_missing=command.only_missing)
        if count:
            self._notify()
        return DeliveriesChanged(count=count)

    async def _cancel(self, command: CancelDeliveries) -> Contract:
        if command.message_id is None and command.endpoint_id is None:
            return _invalid("a message or an endpoint must be named")
        limit = max(1, min(command.limit, CANCELLED_MAX))
        count = await self._ledger.cancel(
            message_id=command.message_id,
            endpoint_id=command.endpoint_id,
            reason=command.reason,
            by_hand=True,
            rows_max=limit,
            lease_s=self._lease_s,
        )
        if count:
            self._notify()
        return DeliveriesChanged(count=count, done=count < limit)


def _lane(endpoint: EndpointConfig) -> int | None:
    """Where a resent delivery stands: behind first attempts where limits hold, in the order of
    messages where that does."""
    if not isinstance(endpoint, ResolvedEndpoint) or not endpoint.strict:
        return None
    return Lane.FIRST if endpoint.fifo else Lane.RETRY


def _row(command: ResendDeliveries, message: ResentMessage, lane: int | None) -> ResentRow:
    return ResentRow(
        message_id=message.id,
        endpoint_id=command.endpoint_id,
        application_id=command.application_id,
        tenant_id=command.tenant_id,
        event_type=message.event_type,
        payload=message.payload,
        endpoint_version=command.endpoint_version,
        channels=channel_text(message.channels),
        trace=message.trace,
        retry_delays=delays_text(message.retry_delays_s),
        weight=command.weight,
        lane=lane,
    )


def _invalid(detail: str) -> Problem:
    return Problem(code=ProblemCode.INVALID, detail=detail)
