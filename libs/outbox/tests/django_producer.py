"""A producer with Django, for tests: a program that adds events, and prints what it sees.

    python django_producer.py DATABASE_URL

It migrates, adds three events in a transaction and one in another that is rolled back, checks that
`makemigrations` finds nothing to change, and prints the event ids.
"""

import io
import sys
from typing import Any
from urllib.parse import urlsplit

import django
from django.conf import settings
from django.core.management import call_command
from django.db import IntegrityError, transaction


def database_of(url: str) -> dict[str, Any]:
    """Django's settings of a database."""
    parts = urlsplit(url)
    if parts.scheme.startswith("sqlite"):
        return {"ENGINE": "django.db.backends.sqlite3", "NAME": parts.path.removeprefix("/")}
    engine = "postgresql" if parts.scheme.startswith("postgres") else "mysql"
    return {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": parts.path.lstrip("/"),
        "USER": parts.username,
        "PASSWORD": parts.password or "",
        "HOST": parts.hostname,
        "PORT": parts.port,
    }


def main() -> None:
    """Run the producer."""
    if urlsplit(sys.argv[1]).scheme.startswith("m"):
        import pymysql

        pymysql.install_as_MySQLdb()
    settings.configure(
        DATABASES={"default": database_of(sys.argv[1])},
        INSTALLED_APPS=["angarium_outbox.django"],
        DEFAULT_AUTO_FIELD="django.db.models.BigAutoField",
    )
    django.setup()
    from angarium_outbox import Event
    from angarium_outbox.django import add, add_many
    from angarium_outbox.django.models import OutboxEvent

    call_command("migrate", verbosity=0, stdout=io.StringIO())
    call_command("makemigrations", check=True, dry_run=True, stdout=io.StringIO())
    with transaction.atomic():
        made = [add("acme", "order.paid", {"n": 0}, key="k", event_id="given", tags=["a"])]
        made += add_many(
            Event(application="acme", event_type="order.paid", payload={"n": n}, key="k")
            for n in (1, 2)
        )
    try:
        with transaction.atomic():
            add("acme", "order.paid", {"n": 3})
            add("acme", "order.paid", {"n": 4}, event_id="given")
    except IntegrityError:
        made.append("rolled back")
    assert OutboxEvent.objects.count() == 3
    print("\n".join(made))


if __name__ == "__main__":
    main()
