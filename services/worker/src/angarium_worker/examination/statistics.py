"""The worker's roll-ups, as `angarium verify` compares them with its ledgers. Reads only."""

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.rollup_audit import AuditedRollups

from angarium_worker.adapters.database.delivery_rollups import NUMBERS, counted_ledgers
from angarium_worker.adapters.database.tables import (
    attempt,
    cancelled_delivery,
    delivery_rollup,
)


def audited_rollups(database: Database) -> AuditedRollups:
    """The roll-ups of attempts, by endpoint."""
    made, _ = counted_ledgers(database)
    return AuditedRollups(
        made,
        owner=attempt.c.endpoint_id,
        rollup_owner=delivery_rollup.c.endpoint_id,
        id=attempt.c.id,
        columns=(*NUMBERS[:-1], "durations", "latencies"),
    )


def audited_cancellations(database: Database) -> AuditedRollups:
    """The roll-ups of cancelled deliveries, by endpoint. A row is deleted when its delivery is sent
    again, and a message may be much older than the cancellation of its delivery."""
    _, cancelled = counted_ledgers(database)
    return AuditedRollups(
        cancelled,
        owner=cancelled_delivery.c.endpoint_id,
        rollup_owner=delivery_rollup.c.endpoint_id,
        id=cancelled_delivery.c.message_id,
        columns=NUMBERS[-1:],
        at=cancelled_delivery.c.cancelled_at,
        rows_go=True,
    )
