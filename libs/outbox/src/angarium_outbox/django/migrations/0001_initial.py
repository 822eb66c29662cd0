"""The outbox's tables, as `angarium_outbox.tables` declares them for all frameworks."""

from typing import Any, ClassVar

from django.db import migrations, models
from sqlalchemy.dialects import mysql, postgresql, sqlite
from sqlalchemy.schema import CreateIndex, CreateTable, DropTable

from angarium_outbox.tables import (
    DROP_NOTIFY_FUNCTION,
    NOTIFY_FUNCTION,
    NOTIFY_TRIGGER,
    lease,
    outbox,
)

_DIALECTS: Any = {"postgresql": postgresql, "mysql": mysql, "sqlite": sqlite}


def create_tables(_: Any, schema_editor: Any) -> None:
    """Create the tables, and on Postgres the trigger that wakes relays."""
    vendor = schema_editor.connection.vendor
    for table in (outbox, lease):
        statements: list[Any] = [CreateTable(table), *map(CreateIndex, table.indexes)]
        for statement in statements:
            schema_editor.execute(str(statement.compile(dialect=_DIALECTS[vendor].dialect())))
    if vendor == "postgresql":
        schema_editor.execute(NOTIFY_FUNCTION)
        schema_editor.execute(NOTIFY_TRIGGER)


def drop_tables(_: Any, schema_editor: Any) -> None:
    """Drop the tables."""
    vendor = schema_editor.connection.vendor
    for table in (lease, outbox):
        drop = DropTable(table)
        schema_editor.execute(str(drop.compile(dialect=_DIALECTS[vendor].dialect())))
    if vendor == "postgresql":
        schema_editor.execute(DROP_NOTIFY_FUNCTION)


class Migration(migrations.Migration):
    """Creates the tables."""

    initial = True
    dependencies: ClassVar[list[tuple[str, str]]] = []
    operations: ClassVar = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunPython(create_tables, drop_tables)],
            state_operations=[
                migrations.CreateModel(
                    name="OutboxEvent",
                    fields=[
                        ("position", models.BigAutoField(primary_key=True, serialize=False)),
                        (
                            "state",
                            models.SmallIntegerField(
                                choices=[(0, "pending"), (1, "accepted"), (2, "set_aside")],
                                default=0,
                            ),
                        ),
                        ("lane", models.SmallIntegerField()),
                        ("application", models.CharField(max_length=256)),
                        ("order_key", models.CharField(max_length=256, null=True)),
                        ("event_id", models.CharField(max_length=256)),
                        ("event_type", models.CharField(max_length=256)),
                        ("payload", models.TextField()),
                        ("options", models.TextField(null=True)),
                        ("size_bytes", models.IntegerField()),
                        ("created_ms", models.BigIntegerField()),
                        ("ended_ms", models.BigIntegerField(null=True)),
                        ("reason", models.TextField(null=True)),
                    ],
                    options={
                        "db_table": "angarium_outbox",
                        "indexes": [
                            models.Index(
                                fields=["state", "position"], name="angarium_outbox_by_state"
                            )
                        ],
                        "constraints": [
                            models.UniqueConstraint(
                                fields=["application", "event_id"], name="angarium_outbox_event_id"
                            )
                        ],
                    },
                ),
                migrations.CreateModel(
                    name="OutboxLease",
                    fields=[
                        (
                            "name",
                            models.CharField(max_length=64, primary_key=True, serialize=False),
                        ),
                        ("owner", models.CharField(max_length=64)),
                        ("until_ms", models.BigIntegerField()),
                    ],
                    options={"db_table": "angarium_outbox_lease"},
                ),
            ],
        ),
    ]
