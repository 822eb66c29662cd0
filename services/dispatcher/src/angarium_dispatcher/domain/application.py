"""Applications: the customers of a tenant who receive webhooks, and sources and streams, which own
endpoints as they do."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from angarium_contracts.application_kinds import ID_PREFIXES, ApplicationKind

from .field_rules import (
    check_metadata,
    check_throttle_rate,
    check_title,
    check_uid,
    check_weight,
)
from .refusals import InvalidField

ID_PREFIX = "app"


@dataclass(frozen=True, slots=True)
class Application:
    """An application at one directory version. `deleted`: a tombstone, with its ids only.

    `weight` is its share where the worker schedules deliveries of several applications. Of a
    source, `source_type` names the sender, `sealed_source_config` is its configuration and
    `sealed_ingest_token` the current token, both sealed for its id, and `ingest_tokens` are as in
    `ApplicationState`.
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
    kind: str = ApplicationKind.APPLICATION
    source_type: str | None = None
    sealed_source_config: bytes | None = None
    sealed_ingest_token: bytes | None = None
    ingest_tokens: tuple[tuple[str, float], ...] | None = None


def check_application(application: Application) -> Application:
    """Return the application if every field is acceptable. Raises `InvalidField`."""
    check_uid(application.uid, prefix=ID_PREFIX)
    check_uid(application.uid, prefix=ID_PREFIXES[ApplicationKind(application.kind)])
    if application.kind == ApplicationKind.STREAM and application.uid == "event-type":
        raise InvalidField("uid", "Choose another uid: /stream/event-type is a path of its own.")
    check_title("name", application.name)
    check_throttle_rate(application.throttle_rate)
    check_metadata(application.metadata)
    check_weight(application.weight)
    return application
