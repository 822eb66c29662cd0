"""Create the table of events that were handled."""

from typing import ClassVar

from django.db import migrations, models


class Migration(migrations.Migration):  # type: ignore[misc]  # Django has no types
    """The first migration."""

    initial = True

    dependencies: ClassVar[list[tuple[str, str]]] = []

    operations: ClassVar[list[object]] = [
        migrations.CreateModel(
            name="HandledEvent",
            fields=[
                (
                    "pk",
                    models.CompositePrimaryKey(
                        "receiver",
                        "event_key",
                        blank=True,
                        editable=False,
                        primary_key=True,
                        serialize=False,
                    ),
                ),
                ("receiver", models.CharField(max_length=64)),
                ("event_key", models.CharField(max_length=255)),
                ("received_at", models.DateTimeField(db_index=True)),
            ],
            options={
                "verbose_name": "handled event",
                "db_table": "angarium_inbox",
            },
        ),
    ]
