"""Endpoints: the URLs of an application, with their filters and secrets."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from .field_rules import (
    check_channels,
    check_concurrency_max,
    check_content_type,
    check_description,
    check_event_source,
    check_event_types,
    check_filter,
    check_header_names,
    check_metadata,
    check_payload_format,
    check_retry_delays,
    check_throttle_rate,
    check_timeout,
    check_uid,
)
from .refusals import InvalidField

ID_PREFIX = "ep"
STREAM_URLS = ("redis+stream://", "rediss+stream://")
_WEBHOOK_OPTIONS = {
    "payload_format": "plain",
    "content_type": None,
    "event_source": None,
    "handshake": False,
    "sealed_authentication": None,
}
"""The options that only webhooks have, with their defaults."""


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
    true for the messages to deliver; None for all. `sealed_authentication` is the JSON
    of an `EndpointAuthentication`, `sealed_ca` the PEM of CA certificates; of both, what may be
    shown stands beside them: members without secrets, and subjects with their ends.
    `kept_since`: from when messages are kept for the disabled endpoint, None when none are.
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
    payload_format: str = "plain"
    content_type: str | None = None
    event_source: str | None = None
    handshake: bool = False
    sealed_authentication: bytes | None = None
    authentication_shown: Mapping[str, str] | None = None
    sealed_ca: bytes | None = None
    ca_shown: tuple[tuple[str, datetime], ...] | None = None
    receiver_control: bool = True
    keep_while_disabled: bool = False
    kept_since: datetime | None = None

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
    check_payload_format(endpoint.payload_format)
    check_content_type(endpoint.content_type, endpoint.payload_format)
    check_event_source(endpoint.event_source)
    _check_stream_options(endpoint)
    return endpoint


def _check_stream_options(endpoint: Endpoint) -> None:
    """A stream takes each payload as it is, and no HTTP authentication."""
    if not endpoint.url.startswith(STREAM_URLS):
        return
    for field, default in _WEBHOOK_OPTIONS.items():
        if getattr(endpoint, field) != default:
            raise InvalidField(
                field, "This option is for webhooks, and the URL is that of a stream. Leave it out."
            )
