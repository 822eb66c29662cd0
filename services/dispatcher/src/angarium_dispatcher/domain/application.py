"""Applications: the customers of a tenant who receive webhooks."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .member_rules import check_metadata, check_throttle_rate, check_title, check_uid

ID_PREFIX = "app"


@dataclass(frozen=True, slots=True)
class Application:
    """An application at one directory version. `deleted`: a tombstone, with its ids only."""

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


def check_application(application: Application) -> Application:
    """Give it back when every member is acceptable. Raises `InvalidMember`."""
    check_uid(application.uid, prefix=ID_PREFIX)
    check_title("name", application.name)
    check_throttle_rate(application.throttle_rate)
    check_metadata(application.metadata)
    return application
