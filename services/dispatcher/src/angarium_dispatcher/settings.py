"""The dispatcher's settings."""

from angarium_webhooks.egress.destination_settings import DestinationSettings
from pydantic import Field


class Settings(DestinationSettings):
    """Settings of the dispatcher, besides those that it shares with other services."""

    endpoints_per_application_max: int = Field(
        default=10_000,
        ge=1,
        le=1_000_000,
        description="Endpoints that one application may have; bounds what one message can cost.",
    )
    secret_grace_s: int = Field(
        default=86_400,
        ge=0,
        le=604_800,
        description="How long a rotated secret goes on signing beside the new one, unless the"
        " request says otherwise.",
    )
    cached_applications_max: int = Field(
        default=10_000,
        ge=1,
        description="Applications whose endpoints the dispatcher keeps in memory.",
    )
    cached_filters_max: int = Field(
        default=200_000,
        ge=1,
        description="Endpoints, and names in their filters, that the dispatcher keeps in memory"
        " (about 100 bytes each).",
    )
