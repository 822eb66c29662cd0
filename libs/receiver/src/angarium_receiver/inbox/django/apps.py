"""The app's configuration."""

from django.apps import AppConfig


class AngariumInboxConfig(AppConfig):  # type: ignore[misc]  # Django has no types
    """The inbox of webhooks."""

    name = "angarium_receiver.inbox.django"
    label = "angarium_inbox"
    verbose_name = "Webhook inbox"
    default_auto_field = "django.db.models.BigAutoField"
