"""What became of leased deliveries, in short, for tests of stores."""

from angarium_worker.application.ledger.records import AttemptRow, EventRow, Settled
from angarium_worker.domain.delivery import Delivery, DeliveryState, Lane


def fence_of(leased: Delivery) -> int:
    """The number of its lease, which every leased delivery has."""
    assert leased.fence is not None
    return leased.fence


def settled(
    due: Delivery,
    due_in_us: int | None = None,
    made: int = 1,
    attempt: AttemptRow | None = None,
    *,
    cancelled: str | None = None,
    lane: Lane | None = None,
    event: EventRow | None = None,
) -> Settled:
    """It ends, or is due again, in its lane where `lane` is given."""
    if cancelled is not None:
        state = DeliveryState.CANCELLED
    elif due_in_us is None:
        state = DeliveryState.DELIVERED
    else:
        state = DeliveryState.SCHEDULED if lane is None else DeliveryState.IN_LANE
    after = due._replace(
        attempts_made=made, due_in_us=due_in_us or 0, lane=lane, cancelled=cancelled
    )
    return Settled(after, state, attempt, event)
