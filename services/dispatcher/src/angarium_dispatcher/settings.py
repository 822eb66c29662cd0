"""The dispatcher's settings."""

from typing import Literal

from angarium_chassis.tracing.settings import TracingSettings
from angarium_webhooks.egress.destination_settings import DestinationSettings
from pydantic import Field


class Settings(DestinationSettings, TracingSettings):
    """Settings of the dispatcher, besides those that it shares with other services."""

    endpoints_per_application_max: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="The largest number of endpoints of one application. It bounds the cost of one"
        " message.",
    )
    secret_grace_s: int = Field(
        default=86_400,
        ge=0,
        le=604_800,
        description="Seconds for which a rotated secret keeps signing beside the new one, unless"
        " the request sets another time.",
    )
    signature_headers: Literal["webhook", "svix", "both"] = Field(
        default="webhook",
        description="Names of the signature headers of new endpoints, unless the tenant or the"
        " request gives others: webhook-…, svix-…, or both.",
    )
    require_event_types: bool = Field(
        default=False,
        description="Refuse endpoints whose `eventTypes` names an event type that the tenant has"
        " not created, unless the tenant's policy says otherwise.",
    )
    cached_applications_max: int = Field(
        default=10_000,
        ge=1,
        description="The largest number of applications whose endpoints the dispatcher keeps in"
        " memory.",
    )
    cached_filters_max: int = Field(
        default=200_000,
        ge=1,
        description="The largest number of endpoints and filter names that the dispatcher keeps in"
        " memory, about 100 bytes each.",
    )
