"""The tables of `angarium_outbox.tables`, as models to read."""

from typing import ClassVar

from django.db import models

from angarium_outbox.tables import State


class OutboxEvent(models.Model):
    """An event. Add one with `angarium_outbox.django.add`, which checks it."""

    position = models.BigAutoField(primary_key=True)
    state = models.SmallIntegerField(
        choices=[(state.value, state.name.lower()) for state in State], default=State.PENDING
    )
    lane = models.SmallIntegerField()
    application = models.CharField(max_length=256)
    order_key = models.CharField(max_length=256, null=True)
    event_id = models.CharField(max_length=256)
    event_type = models.CharField(max_length=256)
    payload = models.TextField()
    options = models.TextField(null=True)
    size_bytes = models.IntegerField()
    created_ms = models.BigIntegerField()
    ended_ms = models.BigIntegerField(null=True)
    reason = models.TextField(null=True)

    class Meta:
        """The table."""

        db_table = "angarium_outbox"
        indexes: ClassVar = [
            models.Index(fields=["state", "position"], name="angarium_outbox_by_state"),
        ]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["application", "event_id"], name="angarium_outbox_event_id"
            ),
        ]

    def __str__(self) -> str:
        return str(self.event_id)


class OutboxLease(models.Model):
    """A relay that runs, or a lane and the relay that posts its events."""

    name = models.CharField(max_length=64, primary_key=True)
    owner = models.CharField(max_length=64)
    until_ms = models.BigIntegerField()

    class Meta:
        """The table."""

        db_table = "angarium_outbox_lease"

    def __str__(self) -> str:
        return str(self.name)
