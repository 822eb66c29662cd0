"""The inbox of Django: the row of an event is in the transaction of its handler."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from typing import ClassVar, Literal

from django.db import IntegrityError, transaction
from django.db.utils import DEFAULT_DB_ALIAS

from angarium_receiver.inbox import RETENTION_DAYS, Claim

PRUNED_ROWS_MAX = 1000
"""Rows of one transaction of `prune`, and those of the same moment."""


def _now() -> datetime:
    return datetime.now(UTC)


class DjangoInbox:
    """An inbox in a database of Django. Handlers use the ORM as always; their `session` is the
    alias of the database."""

    is_async: ClassVar[Literal[False]] = False

    def __init__(self, using: str = DEFAULT_DB_ALIAS, clock: Callable[[], datetime] = _now) -> None:
        self._using = using
        self._clock = clock

    @contextmanager
    def claim(self, receiver: str, key: str) -> Iterator[Claim]:
        """Insert the row of the event in a transaction, which ends with the block."""
        from .models import HandledEvent

        with transaction.atomic(using=self._using, durable=True):
            event = HandledEvent(receiver=receiver, event_key=key, received_at=self._clock())
            try:
                # A savepoint, so that the transaction goes on after a duplicate.
                with transaction.atomic(using=self._using):
                    event.save(using=self._using, force_insert=True)
            except IntegrityError:
                duplicate = True
            else:
                duplicate = False
            yield Claim(duplicate=duplicate, session=self._using)

    def prune(self, older_than: timedelta = timedelta(days=RETENTION_DAYS)) -> int:
        """Delete the rows of events that were handled long ago, and count them. An event that the
        sender still repeats after that is handled again."""
        from .models import HandledEvent

        before = self._clock() - older_than
        total = 0
        while True:
            rows = HandledEvent.objects.using(self._using).filter(received_at__lt=before)
            times = rows.order_by("received_at").values_list("received_at", flat=True)
            # Rows of the same moment go together, so that a time bounds a batch.
            last = next(iter(times[PRUNED_ROWS_MAX - 1 : PRUNED_ROWS_MAX]), None)
            deleted, _ = (rows if last is None else rows.filter(received_at__lte=last)).delete()
            total += int(deleted)
            if last is None:
                return total
