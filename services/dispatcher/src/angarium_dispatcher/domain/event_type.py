"""Event types: the names by which messages are typed and filtered."""

import json
from dataclasses import dataclass
from datetime import datetime

from angarium_webhooks.schema_versions import newest_version

from .field_rules import check_description, check_retry_delays, check_token, check_tokens
from .json_schemas import check_json_schema
from .refusals import InvalidField

SCHEMAS_BYTES_MAX = 256 * 1024
FEATURE_FLAGS_MAX = 50


@dataclass(frozen=True, slots=True)
class EventType:
    """An event type of a tenant, identified by its name.

    `schemas` is a JSON object as UTF-8 text, from version to JSON schema. An `archived` type is
    deleted, and can be restored. `feature_flag` is the first of `feature_flags`.
    `retry_delays_s` is the retry schedule of its messages; None for the tenant's.
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
    feature_flags: tuple[str, ...] | None = None
    group_name: str | None = None

    @property
    def own_delays_s(self) -> tuple[float, ...] | None:
        """The schedule in force: an archived type has none."""
        return None if self.archived else self.retry_delays_s

    @property
    def own_schemas(self) -> bytes | None:
        """The schemas in force: an archived type has none."""
        return None if self.archived else self.schemas


def check_event_type(event_type: EventType) -> EventType:
    """Return the event type if every field is acceptable, its schemas left aside.

    Raises `InvalidField`.
    """
    check_token("name", event_type.name)
    check_description(event_type.description)
    if event_type.feature_flag is not None:
        check_token("feature_flag", event_type.feature_flag)
    check_tokens("feature_flags", event_type.feature_flags, items_max=FEATURE_FLAGS_MAX)
    if event_type.group_name is not None:
        check_token("group_name", event_type.group_name)
    check_retry_delays(event_type.retry_delays_s)
    return event_type


def check_schemas(schemas: bytes) -> None:
    """Check schemas that are about to be stored: a JSON object, from version to JSON schema.

    Raises `InvalidField`.
    """
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
    for version, schema in value.items():
        check_json_schema(schema, "schemas", (version,))


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def newest_schema(schemas: bytes | None) -> tuple[str, bytes] | None:
    """The version that is the newest, with its schema as JSON text; None without schemas."""
    versions: dict[str, object] = json.loads(schemas) if schemas else {}
    newest = newest_version(versions)
    if newest is None:
        return None
    return newest, json.dumps(versions[newest], separators=(",", ":")).encode()
