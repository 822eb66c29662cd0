"""An app of Django with the inbox: add `angarium_receiver.inbox.django` to INSTALLED_APPS, and
migrate."""
