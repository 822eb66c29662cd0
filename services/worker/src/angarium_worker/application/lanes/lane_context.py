"""The parts of the worker that turns of lanes use, and the port to the order of messages."""

from dataclasses import dataclass
from typing import NamedTuple, Protocol

from angarium_worker.application.capacity.wake_signal import WakeSignal
from angarium_worker.application.delivery.leased_attempts import LeasedAttempts
from angarium_worker.application.delivery.make_attempt import MakeAttempt
from angarium_worker.application.endpoints.endpoints import Endpoints


class Confirmed(NamedTuple):
    """How far the order of an application's messages is known: of every message up to
    `settled`, the deliveries are with the workers, in their lanes where they stand in one; and
    of every message before `upto`."""

    settled: bytes
    upto: bytes


class Order(Protocol):
    """The order in which messages were accepted, which the gateways know."""

    async def confirm(
        self, application_id: bytes, after: bytes, kept_for: bytes | None
    ) -> Confirmed | None:
        """How far the order is known now, given that it is known up to `after`; None: nobody
        answers. With the endpoint `kept_for`, messages that were kept for it count too."""
        ...


@dataclass(frozen=True, slots=True)
class LaneContext:
    """The parts of the worker that a turn uses. `lane_wake` has the scheduler look again."""

    leased: LeasedAttempts
    make: MakeAttempt
    endpoints: Endpoints
    order: Order
    lane_wake: WakeSignal


class Quota(NamedTuple):
    """How many of a lane's first attempts and retries may begin now, `total` in all."""

    firsts: int
    retries: int
    total: int
