"""The gateway's roll-ups, as `angarium verify` compares them with the journal. Reads only."""

from angarium_chassis.database.engine import Database
from angarium_chassis.statistics.rollup_audit import AuditedRollups

from angarium_gateway.adapters.database.message_rollups import counted_ledgers
from angarium_gateway.adapters.database.tables import message, message_rollup


def audited_rollups(database: Database) -> AuditedRollups:
    """The roll-ups of accepted messages, by application."""
    (accepted,) = counted_ledgers(database)
    return AuditedRollups(
        accepted,
        owner=message.c.application_id,
        rollup_owner=message_rollup.c.application_id,
        id=message.c.id,
        columns=("accepted",),
    )
