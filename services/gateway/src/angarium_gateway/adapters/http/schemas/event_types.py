"""Event types on the wire."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from angarium_contracts.configuration import EventType
from msgspec import UNSET, Meta, UnsetType

from .delivery_policy import RetrySchedule, delays_out
from .fields import ApiSchema, EventTypeName, FeatureFlag, RequestSchema

Schemas = Annotated[
    dict[str, dict[str, Any]],
    Meta(
        description="JSON schemas of the payload by version, such as `1`. Payloads are not checked"
        " against them."
    ),
]


class EventTypeUpdate(RequestSchema, frozen=True, kw_only=True):
    """An event type to create, or to replace an existing one with."""

    description: str
    archived: bool = False
    deprecated: bool = False
    feature_flag: FeatureFlag | None = None
    schemas: Schemas | None = None
    retry_schedule: RetrySchedule | UnsetType | None = UNSET


class EventTypeIn(EventTypeUpdate, frozen=True, kw_only=True):
    """An event type to create."""

    name: EventTypeName


class EventTypePatch(RequestSchema, frozen=True, kw_only=True):
    """Changes of an event type; fields that are left out stay as they are."""

    description: str | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    deprecated: bool | UnsetType = UNSET
    feature_flag: FeatureFlag | UnsetType | None = UNSET
    schemas: Schemas | UnsetType | None = UNSET
    retry_schedule: RetrySchedule | UnsetType | None = UNSET


class EventTypeOut(ApiSchema, frozen=True, kw_only=True):
    """An event type: a kind of message."""

    name: str
    description: str
    archived: bool
    deprecated: bool
    feature_flag: str | None
    schemas: dict[str, dict[str, Any]] | None
    created_at: datetime
    updated_at: datetime
    retry_schedule: Annotated[
        tuple[float, ...] | UnsetType,
        Meta(description="Seconds before each retry; absent if inherited."),
    ] = UNSET


def event_type_out(event_type: EventType) -> EventTypeOut:
    """An event type as clients see it."""
    return EventTypeOut(
        name=event_type.name,
        description=event_type.description,
        archived=event_type.archived,
        deprecated=event_type.deprecated,
        feature_flag=event_type.feature_flag,
        schemas=None if event_type.schemas is None else msgspec.json.decode(event_type.schemas),
        created_at=event_type.created_at,
        updated_at=event_type.updated_at,
        retry_schedule=delays_out(event_type.retry_delays_s),
    )
