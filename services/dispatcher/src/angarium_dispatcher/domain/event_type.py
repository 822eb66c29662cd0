"""Event types: the names by which messages are typed and filtered."""

import json
from dataclasses import dataclass
from datetime import datetime

from .field_rules import check_description, check_retry_delays, check_token
from .refusals import InvalidField

SCHEMAS_BYTES_MAX = 256 * 1024


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type of a tenant, identified by its name.

    `schemas` is a JSON object as UTF-8 text, from version to JSON schema. An `archived` type is
    deleted, and can be restored. `retry_delays_s` is the retry schedule of its messages; None
    for the tenant's.
    """

    tenant_id: bytes
    name: str
    description: str
    archived: bool
    deprecated: bool
    feature_flag: str | None
    schemas: bytes | None
    created_at: datetime
    updated_at: datetime
    retry_delays_s: tuple[float, ...] | None = None

    @property
    def own_delays_s(self) -> tuple[float, ...] | None:
        """The schedule in force: an archived type has none."""
        return None if self.archived else self.retry_delays_s


def check_event_type(event_type: EventType) -> EventType:
    """Return the event type if every field is acceptable. Raises `InvalidField`."""
    check_token("name", event_type.name)
    check_description(event_type.description)
    if event_type.feature_flag is not None:
        check_token("feature_flag", event_type.feature_flag)
    if event_type.schemas is not None:
        _check_schemas(event_type.schemas)
    check_retry_delays(event_type.retry_delays_s)
    return event_type


def _check_schemas(schemas: bytes) -> None:
    if len(schemas) > SCHEMAS_BYTES_MAX:
        raise InvalidField(
            "schemas", f"`schemas` must have at most {SCHEMAS_BYTES_MAX} bytes of JSON."
        )
    try:
        value = json.loads(schemas, parse_constant=_refuse_constant)
    except (ValueError, RecursionError):
        value = None
    if not isinstance(value, dict) or not all(isinstance(item, dict) for item in value.values()):
        raise InvalidField(
            "schemas", "`schemas` must be a JSON object of versions and their JSON schemas."
        )


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")
