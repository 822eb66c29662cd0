"""Numbers of messages that violate schemas, on both engines."""

from datetime import UTC, datetime, timedelta

from angarium_chassis.database.engine import Database
from angarium_gateway.adapters.database.schema_violations import SchemaViolationTable
from angarium_gateway.application.tenants.schema_violations import SchemaViolations

TENANT, OTHER = b"t" * 16, b"u" * 16
NOW = datetime(2030, 1, 2, 3, 4, 5, tzinfo=UTC)
LATER = NOW + timedelta(seconds=5)


async def test_numbers_are_added_and_read_by_tenant(database: Database) -> None:
    table = SchemaViolationTable(database)
    await table.add(
        {
            (TENANT, "a.b"): SchemaViolations(2, 0, LATER),
            (OTHER, "a.b"): SchemaViolations(7, 7, NOW),
        }
    )
    await table.add(
        {
            (TENANT, "a.b"): SchemaViolations(1, 3, NOW),
            (TENANT, "a.c"): SchemaViolations(0, 1, NOW),
        }
    )
    assert await table.of_event_types(TENANT, ["a.b", "a.c", "a.d"]) == {
        "a.b": SchemaViolations(3, 3, LATER),
        "a.c": SchemaViolations(0, 1, NOW),
    }
    await table.forget(TENANT, "a.b")
    assert await table.of_event_types(TENANT, ["a.b"]) == {}
    assert await table.of_event_types(OTHER, ["a.b"]) == {"a.b": SchemaViolations(7, 7, NOW)}
