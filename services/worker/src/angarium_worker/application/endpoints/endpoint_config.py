"""An endpoint made ready for sending: everything that is the same for all its messages."""

import json
from collections.abc import Callable
from math import inf

from angarium_contracts.directory import EndpointState
from angarium_contracts.endpoint_options import EndpointOptions, options_of
from angarium_signing import (
    BOTH_PREFIXES,
    STANDARD_PREFIX,
    SVIX_PREFIX,
    Signer,
    SigningError,
    parse_signer,
)
from msgspec import Struct

type OpenSealed = Callable[[bytes, bytes], bytes]
"""Opens sealed bytes with their associated data. Raises ValueError when it cannot."""

DEFAULT_HEADERS = (("content-type", "application/json"),)
HEADER_PREFIXES = {"webhook": (STANDARD_PREFIX,), "svix": (SVIX_PREFIX,), "both": BOTH_PREFIXES}


class ResolvedEndpoint(EndpointOptions, frozen=True, gc=False):
    """An endpoint that takes messages. `headers` are those that do not depend on the message.

    `header_prefixes` are those of the signature headers. `signers` sign until `expire_at_s`
    (Unix time; `inf`: always), each its own; `first_expiry_s` is the earliest. `timeout_s` None
    is the worker's own. `proxy` is a URL, `client_certificate` PEM: both may hold secrets.

    `strict`: its order or its limits hold across workers, so that all of its deliveries pass
    through its lane. `retry_delays_s` None: it has no schedule of its own.
    """

    id: bytes
    version: int
    url: str
    headers: tuple[tuple[str, str], ...]
    signers: tuple[Signer, ...]
    header_prefixes: tuple[str, ...] = (STANDARD_PREFIX,)
    expire_at_s: tuple[float, ...] = ()
    first_expiry_s: float = inf
    timeout_s: float | None = None
    proxy: str | None = None
    client_certificate: bytes | None = None
    strict: bool = False
    rate_per_s: int | None = None

    def signers_at(self, now_s: float) -> tuple[Signer, ...]:
        """Those that sign at this time; the newest always does."""
        if now_s < self.first_expiry_s:
            return self.signers
        pairs = zip(self.signers, self.expire_at_s, strict=True)
        return tuple([signer for signer, end_s in pairs if now_s < end_s]) or self.signers[:1]

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


def prepare(state: EndpointState, open_sealed: OpenSealed) -> EndpointConfig:
    """Make `state` ready. Opens its secrets (`whsec_…`, `whsk_…`), its headers (a JSON object of
    texts), its proxy and its client certificate."""
    if state.deleted:
        return Inactive(state.version, "the endpoint is deleted")
    if state.disabled:
        return Inactive(state.version, "the endpoint is disabled")
    if not state.secrets:
        return Unusable(state.version, "no secret")
    try:
        return _prepared(state, open_sealed)
    except (ValueError, KeyError, SigningError) as error:
        return Unusable(state.version, type(error).__name__)


def _prepared(state: EndpointState, open_sealed: OpenSealed) -> ResolvedEndpoint:
    expire_at_s = tuple([end_s or inf for end_s in state.secrets_expire_at])
    if expire_at_s and len(expire_at_s) != len(state.secrets):
        raise ValueError("each secret has its end, or none has one")
    proxy, certificate = state.proxy, state.client_certificate
    return ResolvedEndpoint(
        id=state.id,
        version=state.version,
        url=state.url,
        headers=_headers(state, open_sealed),
        signers=tuple(
            parse_signer(open_sealed(sealed, state.id).decode("ascii")) for sealed in state.secrets
        ),
        header_prefixes=HEADER_PREFIXES[state.header_names],
        expire_at_s=expire_at_s,
        first_expiry_s=min(expire_at_s, default=inf),
        timeout_s=state.timeout_s,
        proxy=None if proxy is None else open_sealed(proxy, state.id).decode("ascii"),
        client_certificate=None if certificate is None else open_sealed(certificate, state.id),
        strict=bool(state.fifo or state.throttle_rate or state.concurrency_max),
        rate_per_s=state.throttle_rate or None,
        **options_of(state),
    )


def _headers(state: EndpointState, open_sealed: OpenSealed) -> tuple[tuple[str, str], ...]:
    if state.headers is None:
        return DEFAULT_HEADERS
    own = json.loads(open_sealed(state.headers, state.id))
    if not isinstance(own, dict) or not all(isinstance(value, str) for value in own.values()):
        raise ValueError("custom headers are a JSON object of texts")
    names = {name.lower() for name in own}
    defaults = tuple(header for header in DEFAULT_HEADERS if header[0] not in names)
    return (*defaults, *own.items())
