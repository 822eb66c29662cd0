"""Rows of the database in memory, and who is told of them."""

from dataclasses import dataclass
from typing import Protocol

from angarium_worker.application.ledger.records import AttemptRow
from angarium_worker.domain.delivery import Delivery, DeliveryKey, Lane

UNCONFIRMED = bytes(16)


@dataclass(slots=True)
class Pending:
    """A row of `pending_delivery`. `generation` counts how often it was resent by hand,
    `life` how often there was a row of the delivery: one that ended may be written again, by
    somebody who does not know."""

    row: Delivery
    attempts_made: int
    lane: int | None
    fence: int
    due_at: int
    generation: int = 0
    life: int = 0
    cancelled: str | None = None
    by_hand: bool = False
    resent_while_held: bool = False

    @property
    def key(self) -> DeliveryKey:
        return self.row.message_id, self.row.endpoint_id

    def leased(self) -> Delivery:
        """As its holder sees it."""
        return self.row._replace(
            attempts_made=self.attempts_made,
            lane=None if self.lane is None else Lane(self.lane),
            cancelled=self.cancelled,
            fence=self.fence,
        )


@dataclass(slots=True)
class LaneRow:
    """A row of `lane`."""

    application_id: bytes
    tenant_id: bytes
    weight: int
    due_at: int
    fence: int
    waits_until: int = 0
    held_until: int | None = None
    arrivals: int = 1
    burst_at: int = 0
    confirmed: bytes = UNCONFIRMED
    state: str = "waiting"


class RowWatch(Protocol):
    """Who is told what is written. `held`: the row under whose fence an attempt was made.
    `process` None: a person did it."""

    def attempted(self, process: str, row: AttemptRow, held: Pending | None) -> None: ...
    def pending(self, process: str | None, row: Pending) -> None: ...
    def cancelled(self, key: DeliveryKey, reason: str, by_hand: bool) -> None: ...
    def moved(self, before: Pending, attempts_made: int) -> None: ...
    def lane_ended(self, endpoint_id: bytes) -> None: ...
