"""Applications: the customers of a tenant who receive webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .field_rules import (
    check_metadata,
    check_throttle_rate,
    check_title,
    check_uid,
    check_weight,
)

ID_PREFIX = "app"


@dataclass(frozen=True, slots=True)
class Application:
    """An application at one directory version. `deleted`: a tombstone, with its ids only.

    `weight` is its share where the worker schedules deliveries of several applications.
    """

    id: bytes
    tenant_id: bytes
    uid: str | None
    name: str
    throttle_rate: int | None
    metadata: Mapping[str, str]
    created_at: datetime
    updated_at: datetime
    version: int = 0
    deleted: bool = False
    weight: int = 1


def check_application(application: Application) -> Application:
    """Return the application if every field is acceptable. Raises `InvalidField`."""
    check_uid(application.uid, prefix=ID_PREFIX)
    check_title("name", application.name)
    check_throttle_rate(application.throttle_rate)
    check_metadata(application.metadata)
    check_weight(application.weight)
    return application
