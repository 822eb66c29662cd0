"""One attempt of a delivery that this process holds under a lease."""

from collections.abc import Callable

from angarium_worker.application.capacity.delivery_slots import Reservation, SendingSlot
from angarium_worker.application.destinations.destination import SubmittedAttempt
from angarium_worker.application.endpoints.endpoint_config import ResolvedEndpoint
from angarium_worker.application.endpoints.endpoint_guards import EndpointQueue
from angarium_worker.domain.delivery import Delivery, DeliveryState
from angarium_worker.domain.verdict import Verdict

type Recorded = Callable[[Verdict, bool], None]
"""Called once the outcome is durable: with the verdict, and with False where the fence was lost."""


class LeasedAttempt:
    """A delivery that this process holds under a lease, until its outcome is on record.

    `reservation` lasts until then, `slot` until its attempt has ended. `queue` and `ticket` are
    those of its endpoint's guard; without a queue the endpoint is an ordered one. `recorded` is
    called at its end.
    """

    __slots__ = (
        "begun_s",
        "delivery",
        "endpoint",
        "queue",
        "recorded",
        "reservation",
        "slot",
        "state",
        "submitted",
        "ticket",
    )

    def __init__(self, delivery: Delivery, reservation: Reservation, slot: SendingSlot) -> None:
        self.delivery = delivery
        self.state = DeliveryState.HELD
        self.reservation = reservation
        self.slot = slot
        self.endpoint: ResolvedEndpoint | None = None
        self.queue: EndpointQueue | None = None
        self.ticket = 0
        self.begun_s = 0.0
        self.recorded: Recorded | None = None
        self.submitted: SubmittedAttempt | None = None
