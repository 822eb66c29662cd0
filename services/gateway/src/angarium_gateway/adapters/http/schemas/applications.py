"""Applications on the wire."""

from datetime import datetime
from typing import Annotated

from angarium_contracts.configuration import Application
from angarium_contracts.ids import APPLICATION, format_id
from msgspec import UNSET, Meta, UnsetType, field

from .delivery_policy import KeptPayloadHours, PayloadRetentionHours, Weight
from .fields import ApiSchema, RateLimitOut, ThrottleRate, Uid
from .former_names import FormerApplicationNames

ApplicationName = Annotated[
    str, Meta(min_length=1, description="A name for people to read.", examples=["Acme Inc."])
]
Metadata = Annotated[
    dict[str, str], Meta(description="Key-value pairs of your own. Angarium does not use them.")
]
ApplicationRate = Annotated[
    ThrottleRate,
    Meta(
        description="The largest number of messages sent per second to each of the application's"
        " endpoints that has no `throttleRate` of its own; `null` means no limit."
    ),
]


class MissingApplicationIn(FormerApplicationNames, frozen=True, kw_only=True):
    """An application to create if it is missing."""

    name: ApplicationName
    uid: Uid | None = None
    throttle_rate: ApplicationRate | None = None
    metadata: Metadata = field(default_factory=dict)
    weight: Weight | UnsetType = UNSET


class ApplicationIn(MissingApplicationIn, frozen=True, kw_only=True):
    """An application to create, or to replace an existing one with."""

    payload_retention_hours: PayloadRetentionHours | UnsetType | None = UNSET


class ApplicationPatch(FormerApplicationNames, frozen=True, kw_only=True):
    """Changes of an application; fields that are left out stay as they are."""

    name: ApplicationName | UnsetType = UNSET
    uid: Uid | UnsetType | None = UNSET
    throttle_rate: ApplicationRate | UnsetType | None = UNSET
    metadata: Metadata | UnsetType | None = UNSET
    weight: Weight | UnsetType = UNSET
    payload_retention_hours: PayloadRetentionHours | UnsetType | None = UNSET


class ApplicationOut(ApiSchema, frozen=True, kw_only=True):
    """An application: a customer that receives webhooks."""

    id: Annotated[str, Meta(examples=["app_05jHR6TnRzUGhKWN8Ckr5D"])]
    uid: str | None
    name: str
    throttle_rate: int | None
    rate_limit: RateLimitOut
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
    weight: Annotated[
        int | UnsetType, Meta(description="Its share of the platform; absent if it is 1.")
    ] = UNSET
    payload_retention_hours: KeptPayloadHours = UNSET


def application_out(application: Application, payload_hours: int | None) -> ApplicationOut:
    """An application as clients see it. `payload_hours`: how long its payloads are kept, if that
    is set."""
    return ApplicationOut(
        id=format_id(APPLICATION, application.id),
        uid=application.uid,
        name=application.name,
        throttle_rate=application.throttle_rate,
        rate_limit=application.throttle_rate,
        metadata=application.metadata,
        created_at=application.created_at,
        updated_at=application.updated_at,
        weight=UNSET if application.weight == 1 else application.weight,
        payload_retention_hours=UNSET if payload_hours is None else payload_hours,
    )
