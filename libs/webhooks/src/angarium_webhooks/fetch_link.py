"""Signed links at which receivers of thin events fetch payloads. Pure.

The worker writes them and the gateway reads them; both derive the key from the operator's
encryption key. A link is a path segment of base64url: version, tenant, application, message, end
and HMAC-SHA256. It names no endpoint: whoever was sent it may fetch, until its end.
"""

import base64
import binascii
import hashlib
import hmac
from typing import Final, NamedTuple

KEY_PURPOSE: Final = b"links of thin events, 1"
"""For `Seal.derived_key`."""
PATH: Final = "/api/v1/fetch/"
LIFE_S: Final = 7 * 86_400
"""A link lasts between half of this and all of it, from when it is sent."""

_VERSION: Final = b"\x01"
_END_BYTES = 5
_MAC_BYTES = 32
_SIGNED_BYTES = 1 + 3 * 16 + _END_BYTES
TOKEN_CHARS: Final = -(-(_SIGNED_BYTES + _MAC_BYTES) * 4 // 3)


class FetchGrant(NamedTuple):
    """The payload that a link gives access to, until `ends_s` (Unix time in seconds)."""

    tenant_id: bytes
    application_id: bytes
    message_id: bytes
    ends_s: int


def end_of_link(accepted_s: int, now_s: int) -> int:
    """The end of a link that is sent now, for a message accepted then (Unix times in seconds).

    It moves in steps of half a life, so that all attempts within one step carry the same bytes.
    """
    step_s = LIFE_S // 2
    return accepted_s + LIFE_S + max(0, now_s - accepted_s) // step_s * step_s


def write_link(key: bytes, grant: FetchGrant) -> str:
    """The last segment of the link's path."""
    ids = grant.tenant_id + grant.application_id + grant.message_id
    signed = _VERSION + ids + grant.ends_s.to_bytes(_END_BYTES)
    return base64.urlsafe_b64encode(signed + _mac(key, signed)).rstrip(b"=").decode()


def read_link(key: bytes, token: str) -> FetchGrant | None:
    """The link that `write_link` wrote; None for any other text. The caller checks its end."""
    if len(token) != TOKEN_CHARS or not token.isascii():
        return None
    try:
        plain = base64.b64decode(token + "=" * (-len(token) % 4), b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    signed, mac = plain[:_SIGNED_BYTES], plain[_SIGNED_BYTES:]
    if signed[:1] != _VERSION or not hmac.compare_digest(mac, _mac(key, signed)):
        return None
    ids = signed[1:]
    return FetchGrant(ids[:16], ids[16:32], ids[32:48], int.from_bytes(ids[48:]))


def _mac(key: bytes, signed: bytes) -> bytes:
    return hmac.new(key, signed, hashlib.sha256).digest()
