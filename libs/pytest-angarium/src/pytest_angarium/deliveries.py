"""Deliveries as a platform makes them, and as nobody should."""

import json
import secrets
from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from angarium_receiver.standard_webhooks import sign

DEFAULT_OVERSIZED_BYTES = 2_000_000


@dataclass(frozen=True, slots=True)
class Delivery:
    """A request to a receiver."""

    headers: Mapping[str, str]
    body: bytes = field(repr=False)


def new_secret() -> str:
    """A `whsec_` secret that no other test has."""
    return f"whsec_{b64encode(secrets.token_bytes(24)).decode()}"


def new_id() -> str:
    """An id of a message."""
    return f"msg_{secrets.token_hex(12)}"


def body_of(payload: Any) -> bytes:
    """Bytes as they are, everything else as JSON."""
    if isinstance(payload, bytes):
        return payload
    return json.dumps(payload, separators=(",", ":")).encode()


def signed(secret: str, payload: Any, webhook_id: str, at_s: float) -> Delivery:
    """A delivery with the headers of Standard Webhooks."""
    body = body_of(payload)
    headers = {"content-type": "application/json", **sign(secret, webhook_id, int(at_s), body)}
    return Delivery(headers, body)


def tampered(delivery: Delivery) -> Delivery:
    """The delivery, with one byte of its body changed after it was signed."""
    last = len(delivery.body) - 1
    changed = bytearray(delivery.body or b" ")
    changed[max(last, 0)] ^= 1
    return replace(delivery, body=bytes(changed))


def unsigned(delivery: Delivery) -> Delivery:
    """The delivery without its signature."""
    kept = {name: value for name, value in delivery.headers.items() if "webhook-" not in name}
    return replace(delivery, headers=kept)


def oversized(secret: str, webhook_id: str, at_s: float, body_bytes: int) -> Delivery:
    """A signed delivery whose JSON body has exactly this size."""
    frame = len(body_of({"type": "oversized", "data": ""}))
    payload = {"type": "oversized", "data": "x" * (body_bytes - frame)}
    return signed(secret, payload, webhook_id, at_s)


def reordered(deliveries: Sequence[Delivery]) -> list[Delivery]:
    """The deliveries, the last first: the worst order for who relies on it."""
    return list(reversed(deliveries))
