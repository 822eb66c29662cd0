"""Resending and cancelling deliveries, on an operator's or a tenant's command."""

from collections.abc import Callable
from typing import assert_never

from angarium_contracts.attempts import AttemptTrigger
from angarium_contracts.contract import Contract
from angarium_contracts.deliveries import (
    CancelDeliveries,
    DeliveriesChanged,
    ResendDeliveries,
    ResentMessage,
)
from angarium_contracts.queries import Problem, ProblemCode

from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.endpoints.endpoint_cache import EndpointCache
from angarium_worker.application.endpoints.endpoint_config import (
    EndpointConfig,
    Inactive,
    ResolvedEndpoint,
)
from angarium_worker.application.ledger.manual_ledger import ManualLedger
from angarium_worker.domain.delivery import Delivery, Lane

from .problems import invalid, or_problem

MESSAGES_MAX = 100
CANCELLED_MAX = 1_000

type OperatorCommand = ResendDeliveries | CancelDeliveries


class OperatorCommands:
    """Carries out the commands of `angarium_contracts.deliveries`.

    `notify` is called once something may be due; `lease_s` is the longest that a worker holds a
    delivery.
    """

    def __init__(
        self,
        ledger: ManualLedger,
        cache: EndpointCache,
        counters: WorkerCounters,
        *,
        notify: Callable[[], object],
        lease_s: float,
    ) -> None:
        self._ledger = ledger
        self._cache = cache
        self._counters = counters
        self._notify = notify
        self._lease_s = lease_s

    async def answer(self, command: OperatorCommand) -> Contract:
        """Carry out the command: `DeliveriesChanged`, or a `Problem`."""
        match command:
            case ResendDeliveries():
                return await or_problem(command, self._resend(command))
            case CancelDeliveries():
                return await or_problem(command, self._cancel(command))
            case _:
                assert_never(command)

    async def _resend(self, command: ResendDeliveries) -> Contract:
        if len(command.messages) > MESSAGES_MAX:
            return invalid(f"Send at most {MESSAGES_MAX} messages at once.")
        wanted = {command.endpoint_id: command.endpoint_version}
        endpoint = (await self._cache.load(wanted)).get(command.endpoint_id)
        match endpoint:
            case None:
                return Problem(
                    code=ProblemCode.UNAVAILABLE,
                    detail="The worker does not know the endpoint yet. Try again.",
                )
            case Inactive(reason=reason):
                return Problem(code=ProblemCode.CONFLICT, detail=f"Nothing can be sent: {reason}")
        rows = [_resent(command, message, _lane(endpoint)) for message in command.messages]
        count = await self._ledger.resend(rows, only_missing=command.only_missing)
        if count:
            self._notify()
        return DeliveriesChanged(count=count)

    async def _cancel(self, command: CancelDeliveries) -> Contract:
        if command.message_id is None and command.endpoint_id is None:
            return invalid("Name a message or an endpoint.")
        limit = max(1, min(command.limit, CANCELLED_MAX))
        ended, marked = await self._ledger.cancel(
            message_id=command.message_id,
            endpoint_id=command.endpoint_id,
            reason=command.reason,
            by_hand=True,
            rows_max=limit,
            lease_s=self._lease_s,
        )
        self._counters.count_cancelled(ended)
        count = ended + marked
        if count:
            self._notify()
        return DeliveriesChanged(count=count, done=count < limit)


def _lane(endpoint: EndpointConfig) -> Lane | None:
    """The lane of a resent delivery: after first attempts where the endpoint has limits, in the
    order of messages where it has an order; None: no lane."""
    if not isinstance(endpoint, ResolvedEndpoint) or not endpoint.strict:
        return None
    return Lane.FIRST if endpoint.fifo else Lane.RETRY


def _resent(command: ResendDeliveries, message: ResentMessage, lane: Lane | None) -> Delivery:
    return Delivery(
        message_id=message.id,
        endpoint_id=command.endpoint_id,
        application_id=command.application_id,
        tenant_id=command.tenant_id,
        event_type=message.event_type,
        payload=message.payload,
        endpoint_version=command.endpoint_version,
        channels=message.channels,
        trace=message.trace,
        trigger=int(AttemptTrigger.MANUAL),
        retry_delays_s=message.retry_delays_s,
        weight=command.weight,
        lane=lane,
        content_type=message.content_type,
    )
