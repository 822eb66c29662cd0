"""Endpoints: the URLs of an application, with their filters and secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .field_rules import (
    check_channels,
    check_concurrency_max,
    check_description,
    check_event_types,
    check_filter,
    check_header_names,
    check_metadata,
    check_retry_delays,
    check_throttle_rate,
    check_timeout,
    check_uid,
)

ID_PREFIX = "ep"


@dataclass(frozen=True, slots=True)
class Endpoint:
    """An endpoint at one directory version. `deleted`: a tombstone, with its ids only.

    `sealed_secrets` are the secrets that sign now in their text form, newest first. Parallel to
    them, `secrets_expire_at` holds Unix times in seconds (0: does not expire), and is empty when
    none expires. `sealed_headers` is a JSON object of strings, `sealed_proxy` a URL,
    `sealed_certificate` PEM. All are sealed for the endpoint's id; `proxy_shown` and the
    certificate's subject and expiry may be shown. `disabled_reason`: why Angarium disabled it.
    `retry_delays_s`: its own retry schedule; () for no retries, None for that of the event type
    or tenant. `application_throttle_rate` is the rate of its application when this version was
    made, current for endpoints without a rate of their own. `filter` is a CEL expression that is
    true for the messages to deliver; None for all.
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
    secrets_expire_at: tuple[float, ...] = ()
    sealed_headers: bytes | None = None
    timeout_s: float | None = None
    header_names: str = "webhook"
    sealed_proxy: bytes | None = None
    proxy_shown: str | None = None
    sealed_certificate: bytes | None = None
    certificate_subject: str | None = None
    certificate_expires_at: datetime | None = None
    disabled_reason: str | None = None
    fifo: bool = False
    concurrency_max: int | None = None
    retry_delays_s: tuple[float, ...] | None = None
    application_throttle_rate: int | None = None
    filter: str | None = None

    @property
    def effective_throttle_rate(self) -> int | None:
        """The rate that holds: its own, else that of its application."""
        own = self.throttle_rate
        return self.application_throttle_rate if own is None else own


def check_endpoint(endpoint: Endpoint) -> Endpoint:
    """Return the endpoint if every field but the URL is acceptable. Raises `InvalidField`."""
    check_uid(endpoint.uid, prefix=ID_PREFIX)
    check_description(endpoint.description)
    check_throttle_rate(endpoint.throttle_rate)
    check_event_types(endpoint.event_types)
    check_channels(endpoint.channels)
    check_metadata(endpoint.metadata)
    check_timeout(endpoint.timeout_s)
    check_header_names(endpoint.header_names)
    check_concurrency_max(endpoint.concurrency_max)
    check_retry_delays(endpoint.retry_delays_s)
    check_filter(endpoint.filter)
    return endpoint
