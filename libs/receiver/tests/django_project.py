"""A project of Django for the tests."""

import django
from django.conf import settings
from django.db import connections


def set_up() -> None:
    """Configure Django, once a process."""
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEBUG=False,
        INSTALLED_APPS=["angarium_receiver.inbox.django"],
        LOGGING_CONFIG=None,
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        ROOT_URLCONF="unused",
        SECRET_KEY="of the tests",
        USE_TZ=True,
    )
    django.setup()


def use(url: str) -> str:
    """Add a database by its URL; gives its alias."""
    from sqlalchemy import make_url

    parts = make_url(url)
    alias = f"database_{len(connections.databases)}"
    engine = "sqlite3" if parts.drivername == "sqlite" else "postgresql"
    database = {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": parts.database,
        "USER": parts.username,
        "PASSWORD": parts.password,
        "HOST": parts.host,
        "PORT": parts.port,
    }
    given = {name: value for name, value in database.items() if value is not None}
    defaults = connections.databases["default"]
    connections.databases[alias] = {**defaults, "HOST": "", "PORT": "", **given}
    return alias
