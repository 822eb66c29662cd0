"""Endpoints: the URLs of an application, with their filters and secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .member_rules import (
    check_channels,
    check_description,
    check_event_types,
    check_metadata,
    check_throttle_rate,
    check_uid,
)

ID_PREFIX = "ep"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint at one directory version. `deleted`: a tombstone, with its ids only.

    `sealed_secrets` sign now, newest first; each is the secret's text form, sealed for the
    endpoint's id.
    """

    id: bytes
    tenant_id: bytes
    application_id: bytes
    uid: str | None
    url: str
    description: str
    disabled: bool
    throttle_rate: int | None
    event_types: tuple[str, ...] | None
    channels: tuple[str, ...] | None
    metadata: Mapping[str, str]
    sealed_secrets: tuple[bytes, ...]
    created_at: datetime
    updated_at: datetime
    version: int = 0
    deleted: bool = False


def check_endpoint(endpoint: Endpoint) -> Endpoint:
    """Give it back when every member but the URL is acceptable. Raises `InvalidMember`."""
    check_uid(endpoint.uid, prefix=ID_PREFIX)
    check_description(endpoint.description)
    check_throttle_rate(endpoint.throttle_rate)
    check_event_types(endpoint.event_types)
    check_channels(endpoint.channels)
    check_metadata(endpoint.metadata)
    return endpoint
