"""The table of events that were handled."""

from typing import ClassVar

from django.db import models

from angarium_receiver.event import KEY_CHARS_MAX
from angarium_receiver.inbox import NAME_CHARS_MAX, TABLE_NAME


class HandledEvent(models.Model):  # type: ignore[misc]  # Django has no types
    """An event that was handled."""

    pk = models.CompositePrimaryKey("receiver", "event_key")
    receiver = models.CharField(max_length=NAME_CHARS_MAX)
    event_key = models.CharField(max_length=KEY_CHARS_MAX)
    received_at = models.DateTimeField(db_index=True)

    class Meta:
        """The table has the name that the inboxes of SQLAlchemy use."""

        app_label = "angarium_inbox"
        db_table = TABLE_NAME
        verbose_name = "handled event"

    objects: ClassVar[models.Manager["HandledEvent"]]

    def __str__(self) -> str:
        return f"{self.receiver} {self.event_key}"
