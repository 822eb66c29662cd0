"""One attempt of a delivery that this process holds under a lease."""

from collections.abc import Callable

from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_guards import EndpointQueue
from angarium_worker.application.ledger.records import DueDelivery, Lane
from angarium_worker.domain.verdict import Parked, Queued, Retry, Verdict

type Recorded = Callable[[DueDelivery, Verdict, bool], None]
"""Told once the outcome is durable: the delivery, its verdict, whether its fence held."""


class LeasedAttempt:
    """One attempt under a lease. `gate` and `ticket` are those of its endpoint's guard; None
    where the endpoint is strict. `recorded` is told of its end."""

    __slots__ = (
        "begun_s",
        "due",
        "endpoint",
        "gate",
        "recorded",
        "retry",
        "slow",
        "submitted",
        "ticket",
    )

    def __init__(
        self,
        due: DueDelivery,
        endpoint: ResolvedEndpoint,
        gate: EndpointQueue | None,
        ticket: int,
        begun_s: float,
        *,
        retry: bool,
        recorded: Recorded | None = None,
    ) -> None:
        self.due = due
        self.endpoint = endpoint
        self.gate = gate
        self.ticket = ticket
        self.begun_s = begun_s
        self.retry = retry
        self.recorded = recorded
        self.slow = False
        self.submitted: SubmittedAttempt | None = None


def lane_after(
    due: DueDelivery, endpoint: ResolvedEndpoint | None, verdict: Verdict
) -> Lane | None:
    """Where a delivery goes on. That of a strict endpoint never leaves its lane."""
    fifo = endpoint is not None and endpoint.fifo
    match verdict:
        case Queued(retry):
            return Lane.RETRY if retry and not fifo else Lane.FIRST
        case Retry():
            if endpoint is not None and endpoint.strict:
                return Lane.FIRST if fifo else Lane.RETRY
        case Parked():
            if endpoint is None:
                return None if due.lane is None else Lane(due.lane)
            if endpoint.strict:
                return Lane.FIRST if fifo else Lane(due.lane or Lane.FIRST)
        case _:
            pass
    return None
