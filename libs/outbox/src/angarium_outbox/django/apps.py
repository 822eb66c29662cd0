"""The app's configuration."""

from django.apps import AppConfig


class AngariumOutboxConfig(AppConfig):
    """The app `angarium_outbox`."""

    name = "angarium_outbox.django"
    label = "angarium_outbox"
    verbose_name = "Angarium outbox"
    default_auto_field = "django.db.models.BigAutoField"
