"""Event types on the wire."""

from datetime import datetime
from typing import Annotated, Any

import msgspec
from angarium_contracts.configuration import EventType
from msgspec import UNSET, Meta, UnsetType

from .delivery_policy import KeptPayloadHours, PayloadRetentionHours, RetrySchedule, delays_out
from .fields import DISTINCT, ApiSchema, EventTypeName, FeatureFlag, RequestSchema

Schemas = Annotated[
    dict[str, dict[str, Any]],
    Meta(
        description="JSON schemas of the payload by version, such as `1`. `$schema` says whether a"
        " schema is one of draft 4, 6, 7, 2019-09 or 2020-12; without it, it is read as draft 7."
        " References to other documents are not followed. Payloads are checked against the"
        " schema of the greatest version if the tenant's policy has `validateSchemas`: then it must"
        " not refer to itself, and its patterns must do without look-around and backreferences."
    ),
]
FeatureFlags = Annotated[
    list[FeatureFlag],
    Meta(
        max_length=50,
        extra_json_schema=DISTINCT,
        description="Labels of your own. Angarium stores them and does not use them.",
    ),
]
FirstFlag = Annotated[
    FeatureFlag, Meta(description="The former name of `featureFlags`, for one flag.")
]
GroupName = Annotated[
    EventTypeName,
    Meta(description="A name that groups event types.", examples=["billing"]),
]


class EventTypeUpdate(RequestSchema, frozen=True, kw_only=True):
    """An event type to create, or to replace an existing one with."""

    description: str
    archived: bool = False
    deprecated: bool = False
    feature_flag: FirstFlag | None = None
    feature_flags: FeatureFlags | UnsetType | None = UNSET
    group_name: GroupName | None = None
    schemas: Schemas | None = None
    retry_schedule: RetrySchedule | UnsetType | None = UNSET
    payload_retention_hours: PayloadRetentionHours | UnsetType | None = UNSET


class EventTypeIn(EventTypeUpdate, frozen=True, kw_only=True):
    """An event type to create."""

    name: EventTypeName


class EventTypePatch(RequestSchema, frozen=True, kw_only=True):
    """Changes of an event type; fields that are left out stay as they are."""

    description: str | UnsetType = UNSET
    archived: bool | UnsetType = UNSET
    deprecated: bool | UnsetType = UNSET
    feature_flag: FirstFlag | UnsetType | None = UNSET
    feature_flags: FeatureFlags | UnsetType | None = UNSET
    group_name: GroupName | UnsetType | None = UNSET
    schemas: Schemas | UnsetType | None = UNSET
    retry_schedule: RetrySchedule | UnsetType | None = UNSET
    payload_retention_hours: PayloadRetentionHours | UnsetType | None = UNSET


class SchemaViolationsOut(ApiSchema, frozen=True, kw_only=True):
    """How many messages of an event type violated its schema since it was created.

    `accepted` are those posted while `validateSchemas` of the tenant policy was `warn`, `refused`
    those posted while it was `enforce`. The numbers are some seconds old.
    """

    accepted: int
    refused: int
    last_at: Annotated[datetime, Meta(description="When the last one did.")]


class EventTypeOut(ApiSchema, frozen=True, kw_only=True):
    """An event type: a kind of message."""

    name: str
    description: str
    archived: bool
    deprecated: bool
    feature_flag: Annotated[
        str | None, Meta(description="The first of `featureFlags`, for clients of version 1.")
    ]
    feature_flags: tuple[str, ...] | None
    group_name: str | None
    schemas: dict[str, dict[str, Any]] | None
    created_at: datetime
    updated_at: datetime
    retry_schedule: Annotated[
        tuple[float, ...] | UnsetType,
        Meta(description="Seconds before each retry; absent if inherited."),
    ] = UNSET
    payload_retention_hours: KeptPayloadHours = UNSET
    schema_violations: Annotated[
        SchemaViolationsOut | UnsetType,
        Meta(
            description="Absent if there were none, in answers to changes, and for keys and portal"
            " tokens of one application."
        ),
    ] = UNSET


def event_type_out(event_type: EventType, payload_hours: int | None) -> EventTypeOut:
    """An event type as clients see it. `payload_hours`: how long its payloads are kept, if that is
    set."""
    return EventTypeOut(
        name=event_type.name,
        description=event_type.description,
        archived=event_type.archived,
        deprecated=event_type.deprecated,
        feature_flag=event_type.feature_flag,
        feature_flags=event_type.feature_flags,
        group_name=event_type.group_name,
        schemas=None if event_type.schemas is None else msgspec.json.decode(event_type.schemas),
        created_at=event_type.created_at,
        updated_at=event_type.updated_at,
        retry_schedule=delays_out(event_type.retry_delays_s),
        payload_retention_hours=UNSET if payload_hours is None else payload_hours,
    )
