"""The parts that all signature schemes of Standard Webhooks share: signed content, two roles.

`v1` (HMAC, `whsec_`) is in secret.py, `v1a` (Ed25519, `whsk_` and `whpk_`) in key_pair.py.
"""

from typing import Protocol

from angarium_signing.errors import UnsignableId

WEBHOOK_ID_CHARS_MAX = 256


class Signer(Protocol):
    """Makes signatures of one version with one key."""

    @property
    def version(self) -> str: ...

    def sign_content(self, prefix: bytes, body: bytes) -> str: ...


class Verifier(Protocol):
    """Recognises signatures of one version made with one key."""

    @property
    def version(self) -> str: ...

    def verify_content(self, prefix: bytes, body: bytes, signature: bytes) -> bool: ...


def signed_prefix(webhook_id: str, timestamp_s: int) -> bytes:
    """`id.timestamp.`, what stands before the body in the signed content.

    Raises UnsignableId for an id that is empty, longer than 256 characters, holds a full stop
    (it would shift the borders of the content) or anything but printable ASCII (it goes into a
    header as it is).
    """
    if (
        not webhook_id
        or "." in webhook_id
        or len(webhook_id) > WEBHOOK_ID_CHARS_MAX
        or not (webhook_id.isascii() and webhook_id.isprintable())
    ):
        raise UnsignableId("a webhook id is 1 to 256 printable ASCII characters, none a full stop")
    return f"{webhook_id}.{timestamp_s}.".encode("ascii")
