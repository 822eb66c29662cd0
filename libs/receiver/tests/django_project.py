"""A project of Django for the tests: settings, models of its own are not needed."""

import django
from django.conf import settings


def set_up(databases: dict[str, dict[str, object]] | None = None) -> None:
    """Configure Django, once a process."""
    if settings.configured:
        return
    settings.configure(
        ALLOWED_HOSTS=["127.0.0.1"],
        DATABASES=databases or {},
        DEBUG=False,
        INSTALLED_APPS=[],
        LOGGING_CONFIG=None,
        MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
        ROOT_URLCONF="unused",
        SECRET_KEY="of the tests",
        USE_TZ=True,
    )
    django.setup()
