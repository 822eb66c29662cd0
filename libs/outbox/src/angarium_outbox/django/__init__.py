"""The outbox for Django: an app with its tables, and `add` in the transaction of Django's ORM.

Put `angarium_outbox.django` into `INSTALLED_APPS`, and run `migrate`. Needs the extra `django`.
"""

from angarium_outbox.django.add import add, add_many

__all__ = ["add", "add_many"]
