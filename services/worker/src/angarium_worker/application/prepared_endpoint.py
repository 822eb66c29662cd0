"""An endpoint made ready for sending: everything that is the same for all its messages."""

import json
from collections.abc import Callable

from angarium_contracts.directory import EndpointState
from angarium_signing import SigningError, SigningSecret
from msgspec import Struct

type OpenSealed = Callable[[bytes, bytes], bytes]
"""Opens sealed bytes with their associated data. Raises ValueError when it cannot."""

DEFAULT_HEADERS = (("content-type", "application/json"),)


class Prepared(Struct, frozen=True, gc=False):
    """An endpoint that takes messages. `headers` are those that do not depend on the message."""

    version: int
    url: str
    headers: tuple[tuple[str, str], ...]
    signers: tuple[SigningSecret, ...]


class Inactive(Struct, frozen=True, gc=False):
    """An endpoint that is disabled or deleted: `reason` says which."""

    version: int
    reason: str


class Unusable(Struct, frozen=True, gc=False):
    """An endpoint whose secrets or headers cannot be read: the operator's key is another."""

    version: int
    problem: str


type Known = Prepared | Inactive | Unusable


def prepare(state: EndpointState, open_sealed: OpenSealed) -> Known:
    """Make `state` ready. Opens its secrets (`whsec_…`) and headers (a JSON object of texts)."""
    if state.deleted:
        return Inactive(state.version, "the endpoint is deleted")
    if state.disabled:
        return Inactive(state.version, "the endpoint is disabled")
    try:
        signers = tuple(
            SigningSecret.parse(open_sealed(sealed, state.id).decode("ascii"))
            for sealed in state.secrets
        )
        headers = _headers(state, open_sealed)
    except (ValueError, SigningError) as error:
        return Unusable(state.version, type(error).__name__)
    if not signers:
        return Unusable(state.version, "no secret")
    return Prepared(state.version, state.url, headers, signers)


def _headers(state: EndpointState, open_sealed: OpenSealed) -> tuple[tuple[str, str], ...]:
    if state.headers is None:
        return DEFAULT_HEADERS
    own = json.loads(open_sealed(state.headers, state.id))
    if not isinstance(own, dict) or not all(isinstance(value, str) for value in own.values()):
        raise ValueError("custom headers are a JSON object of texts")
    names = {name.lower() for name in own}
    defaults = tuple(header for header in DEFAULT_HEADERS if header[0] not in names)
    return (*defaults, *own.items())
