"""`manage.py prune_webhook_inbox`: delete what was handled long ago. Run it once a day."""

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandParser
from django.db.utils import DEFAULT_DB_ALIAS

from angarium_receiver.inbox import RETENTION_DAYS
from angarium_receiver.inbox.django.handle_once import DjangoInbox


class Command(BaseCommand):  # type: ignore[misc]  # Django has no types
    """Deletes old rows of the inbox."""

    help = "Delete the events from the webhook inbox that were handled long ago."

    def add_arguments(self, parser: CommandParser) -> None:
        """Declare the options."""
        parser.add_argument("--days", type=int, default=RETENTION_DAYS)
        parser.add_argument("--database", default=DEFAULT_DB_ALIAS)

    def handle(self, *_: Any, **options: Any) -> None:
        """Delete, and say how many."""
        inbox = DjangoInbox(options["database"])
        deleted = inbox.prune(timedelta(days=options["days"]))
        self.stdout.write(f"deleted {deleted}")
