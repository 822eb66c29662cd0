"""The worker's roll-ups, as `angarium verify` compares them with attempts. Reads only."""

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.rollup_audit import AuditedRollups

from angarium_worker.adapters.database.delivery_rollups import NUMBERS, counted_ledgers
from angarium_worker.adapters.database.tables import attempt, delivery_rollup


def audited_rollups(database: Database) -> AuditedRollups:
    """The roll-ups of attempts, by endpoint. Cancellations are not compared: their rows are
    deleted when a delivery is sent again."""
    made, _ = counted_ledgers(database)
    return AuditedRollups(
        made,
        owner=attempt.c.endpoint_id,
        rollup_owner=delivery_rollup.c.endpoint_id,
        id=attempt.c.id,
        columns=(*NUMBERS[:-1], "durations", "latencies"),
    )
