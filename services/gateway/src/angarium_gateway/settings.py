"""The gateway's settings."""

from angarium_chassis.settings import ServiceSettings
from pydantic import Field


class Settings(ServiceSettings):
    """The settings of the gateway, in addition to those of every service."""

    host: str = Field(default="127.0.0.1", description="Address of the public HTTP API.")
    port: int = Field(default=8080, ge=0, le=65535, description="Port of the public HTTP API.")
    connections_max: int = Field(
        default=2_000,
        ge=1,
        description="Client connections at once; further ones get 503. Fewer where the limit of"
        " open files (ulimit -n) asks for it: 256 of them, or half, are left to the rest.",
    )
    connections_per_address_max: int = Field(
        default=500,
        ge=1,
        description="Client connections at once from one IPv4 address or IPv6 /64 network;"
        " further ones get 503. A proxy in front counts as one address.",
    )
    drain_s: float = Field(
        default=5.0,
        ge=0,
        le=300,
        description="How long a gateway that is told to stop goes on serving, in seconds, while"
        " /ready answers 503: longer than load balancers need to notice.",
    )
    payload_bytes_max: int = Field(
        default=1024 * 1024, ge=1024, description="The largest payload that is accepted, in bytes."
    )
    window_bytes: int = Field(
        default=16 * 1024 * 1024,
        ge=1024 * 1024,
        description="How many bytes of unsettled messages one gateway keeps in Redis;"
        " what is above waits in the journal.",
    )
    idempotency_key_life_s: int = Field(
        default=86_400, ge=60, description="How long an idempotency key is remembered, in seconds."
    )
    message_retention_days: int = Field(
        default=90,
        ge=1,
        le=3650,
        description="Messages are kept for so many days, whole partitions of a thirtieth of it at"
        " once; a tenant may set less. What is scheduled or not handed over yet stays.",
    )
    audit_retention_days: int = Field(
        default=365,
        ge=1,
        le=3650,
        description="Entries of the audit log are kept for so many days, whole partitions of a"
        " thirtieth of it at once.",
    )
    query_timeout_s: float = Field(
        default=5.0, gt=0, description="How long to wait for another service's answer, in seconds."
    )
    background_messages_per_s: int = Field(
        default=100,
        ge=1,
        le=10_000,
        description="How many messages a second the background tasks of one gateway deliver again"
        " at most; ten times as many are looked at.",
    )
