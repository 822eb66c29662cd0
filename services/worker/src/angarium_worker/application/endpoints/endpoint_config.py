"""An endpoint made ready for sending: everything that is the same for all its messages."""

import json
from collections.abc import Callable
from math import inf
from typing import Any

from angarium_contracts.directory import EndpointState
from angarium_contracts.endpoint_options import EndpointOptions, options_of
from msgspec import Struct

from angarium_worker.application.destinations.destination import (
    Destination,
    DestinationOptions,
    Destinations,
    OptionsUnusable,
)

type OpenSealed = Callable[[bytes, bytes], bytes]
"""Opens sealed bytes with their associated data. Raises ValueError when it cannot."""


class ResolvedEndpoint(EndpointOptions, frozen=True, gc=False):
    """An endpoint that takes messages: its destination, and what that keeps ready of it.

    `timeout_s` None is the worker's own. `strict`: its order or its limits hold across workers,
    so that all of its deliveries pass through its lane. `retry_delays_s` None: it has no schedule
    of its own.
    """

    id: bytes
    version: int
    url: str
    destination: Destination[Any]
    prepared: Any
    timeout_s: float | None = None
    strict: bool = False
    rate_per_s: int | None = None

    def __repr__(self) -> str:
        """Without what may hold a secret."""
        return f"ResolvedEndpoint({self.id.hex()}, version {self.version})"


class Inactive(Struct, frozen=True, gc=False):
    """An endpoint that is disabled or deleted: `reason` says which."""

    version: int
    reason: str


class Unusable(Struct, frozen=True, gc=False):
    """An endpoint whose secrets or options cannot be read: the operator's key is another."""

    version: int
    problem: str


type EndpointConfig = ResolvedEndpoint | Inactive | Unusable


def prepare(
    state: EndpointState, open_sealed: OpenSealed, destinations: Destinations
) -> EndpointConfig:
    """Make `state` ready. Opens its secrets (`whsec_…`, `whsk_…`), its headers (a JSON object of
    texts), its proxy, its certificates and its authentication."""
    if state.deleted:
        return Inactive(state.version, "the endpoint is deleted")
    if state.disabled:
        return Inactive(state.version, "the endpoint is disabled")
    if not state.secrets:
        return Unusable(state.version, "no secret")
    destination = destinations.of(state.url)
    try:
        prepared = destination.prepare(_options(state, open_sealed))
    except OptionsUnusable as error:
        return Unusable(state.version, str(error))
    except ValueError as error:
        return Unusable(state.version, type(error).__name__)
    return ResolvedEndpoint(
        id=state.id,
        version=state.version,
        url=state.url,
        destination=destination,
        prepared=prepared,
        timeout_s=state.timeout_s,
        strict=bool(state.fifo or state.throttle_rate or state.concurrency_max),
        rate_per_s=state.throttle_rate or None,
        **options_of(state),
    )


def _options(state: EndpointState, open_sealed: OpenSealed) -> DestinationOptions:
    proxy = _opened(state.proxy, state, open_sealed)
    return DestinationOptions(
        url=state.url,
        secrets=tuple([open_sealed(sealed, state.id).decode("ascii") for sealed in state.secrets]),
        expire_at_s=tuple([end_s or inf for end_s in state.secrets_expire_at]),
        header_names=state.header_names,
        headers=_headers(state, open_sealed),
        proxy=None if proxy is None else proxy.decode("ascii"),
        client_certificate=_opened(state.client_certificate, state, open_sealed),
        authentication=_opened(state.authentication, state, open_sealed),
        ca_certificates=_opened(state.ca_certificates, state, open_sealed),
        payload_format=state.payload_format,
        content_type=state.content_type,
        event_source=state.event_source,
        handshake=state.handshake,
        tenant_id=state.tenant_id,
        application_id=state.application_id,
    )


def _opened(sealed: bytes | None, state: EndpointState, open_sealed: OpenSealed) -> bytes | None:
    return None if sealed is None else open_sealed(sealed, state.id)


def _headers(state: EndpointState, open_sealed: OpenSealed) -> dict[str, str]:
    if state.headers is None:
        return {}
    own = json.loads(open_sealed(state.headers, state.id))
    if not isinstance(own, dict) or not all(isinstance(value, str) for value in own.values()):
        raise ValueError("custom headers are a JSON object of texts")
    return own
