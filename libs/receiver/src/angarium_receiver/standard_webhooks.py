"""Standard Webhooks: `v1` (HMAC-SHA256, `whsec_`) and `v1a` (Ed25519, `whpk_`).

The specification is https://www.standardwebhooks.com. Headers are named `webhook-…`, or `svix-…`
as Svix and its users send them.
"""

import base64
import binascii
import hmac
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from .errors import (
    MalformedSecret,
    MalformedSignature,
    MissingSignature,
    SignatureMismatch,
    VerificationError,
)
from .mismatch import UNKNOWN, cause_of_mismatch
from .public_keys import Ed25519Key, PublicKey
from .request import WebhookRequest
from .scheme import check_time, required, same

TOLERANCE_S: Final = 300
SECRET_PREFIX: Final = "whsec_"  # noqa: S105 the public prefix of every secret, not a secret
PUBLIC_KEY_PREFIX: Final = "whpk_"
PRIVATE_KEY_PREFIX: Final = "whsk_"
HEADER_PREFIXES: Final = ("webhook", "svix")
SIGNATURES_MAX: Final = 64
SIGNATURE_CHARS_MAX: Final = 16_384
KEY_BYTES_MIN: Final = 16
KEY_BYTES_MAX: Final = 512
_BASE64: Final = re.compile(r"[A-Za-z0-9+/]+={0,2}")


@dataclass(frozen=True, slots=True)
class HmacKey:
    """The key of a `whsec_` secret."""

    key: bytes = field(repr=False)

    version = "v1"

    def verify(self, signature: bytes, content: bytes) -> bool:
        """True if this key made the signature; in constant time."""
        return same(hmac.digest(self.key, content, "sha256"), signature)


@dataclass(frozen=True, slots=True)
class SigningPublicKey:
    """The key of `whpk_`, which verifies what a `whsk_` key signed."""

    key: PublicKey = field(repr=False)

    version = "v1a"

    def verify(self, signature: bytes, content: bytes) -> bool:
        """True if the private key made the signature."""
        return self.key.verify(signature, content)


type StandardKey = HmacKey | SigningPublicKey


def parse_secret(text: str) -> StandardKey:
    """Read `whsec_…` or `whpk_…`; without a prefix, the text is that of `whsec_`.

    Raises MalformedSecret, and MissingDependency for `whpk_` without the extra `public-keys`.
    """
    if text.startswith(PRIVATE_KEY_PREFIX):
        raise MalformedSecret(
            "whsk_ is the sender's private key: a receiver needs the public key, whpk_."
        )
    if text.startswith(PUBLIC_KEY_PREFIX):
        return SigningPublicKey(Ed25519Key(_decoded(text, PUBLIC_KEY_PREFIX)))
    key = _decoded(text, SECRET_PREFIX)
    if not KEY_BYTES_MIN <= len(key) <= KEY_BYTES_MAX:
        raise MalformedSecret(
            f"The key after {SECRET_PREFIX} has {len(key)} bytes; {KEY_BYTES_MIN} to"
            f" {KEY_BYTES_MAX} are allowed. Copy the whole secret."
        )
    return HmacKey(key)


def _decoded(text: str, prefix: str) -> bytes:
    encoded = text.removeprefix(prefix)
    stripped = encoded.rstrip("=")
    if _BASE64.fullmatch(encoded) is None or len(stripped) % 4 == 1:
        raise MalformedSecret(
            f"The secret is not base64 after {prefix}. Copy it as the sender shows it, without"
            " white space or quotes."
        )
    return base64.b64decode(stripped + "=" * (-len(stripped) % 4))


@dataclass(frozen=True, slots=True, kw_only=True)
class StandardWebhooks:
    """The scheme. A signed time may be `tolerance_s` off."""

    tolerance_s: float = TOLERANCE_S

    def verifier(self, secrets: Sequence[str]) -> "StandardVerifier":
        """A verifier that accepts what any of the secrets signed."""
        return StandardVerifier([parse_secret(each) for each in secrets], self.tolerance_s)


class StandardVerifier:
    """Verifies with several keys: both secrets of a rotation, for example."""

    def __init__(self, keys: Sequence[StandardKey], tolerance_s: float = TOLERANCE_S) -> None:
        if not keys:
            raise MalformedSecret("At least one secret is needed.")
        self._keys = tuple(keys)
        self._tolerance_s = tolerance_s

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if one of the keys signed this id, time and body."""
        prefixes = [each for each in HEADER_PREFIXES if f"{each}-signature" in request.headers]
        if not prefixes:
            raise MissingSignature(f"header {HEADER_PREFIXES[0]}-signature")
        # Only one of them may be signed. By another id in the other, whoever has recorded a webhook
        # could send it again as a new event.
        if len({request.headers.get(f"{each}-id") for each in HEADER_PREFIXES} - {None}) > 1:
            raise MalformedSignature("The headers webhook-id and svix-id differ.")
        failure: VerificationError | None = None
        for prefix in prefixes:
            try:
                self._verify_under(prefix, request, now_s)
            except VerificationError as error:
                failure = failure or error
            else:
                return
        assert failure is not None  # noqa: S101 every prefix failed
        raise failure

    def _verify_under(self, prefix: str, request: WebhookRequest, now_s: float) -> None:
        signatures = required(f"{prefix}-signature", request)
        webhook_id = required(f"{prefix}-id", request)
        timestamp = required(f"{prefix}-timestamp", request)
        # Without full stops, the borders of the signed content are certain.
        if "." in webhook_id or not (webhook_id.isascii() and webhook_id.isprintable()):
            raise MalformedSignature(
                f"The header {prefix}-id is not printable ASCII without full stops."
            )
        check_time(timestamp, now_s, self._tolerance_s)
        signed = f"{webhook_id}.{timestamp}.".encode("ascii")
        given = _read_signatures(signatures)
        if not self._matches(given, signed + request.body):
            raise SignatureMismatch(
                "No signature was made with a known secret over this id, time and body.",
                self._cause(given, signed, request.body),
            )

    def _matches(self, given: Sequence[tuple[str, bytes]], content: bytes) -> bool:
        return any(
            key.version == version and key.verify(signature, content)
            for version, signature in given
            for key in self._keys
        )

    def _cause(self, given: list[tuple[str, bytes]], signed: bytes, body: bytes) -> str:
        versions = {version for version, _ in given}
        known = {key.version for key in self._keys}
        if not versions & known:
            return (
                f"The sender signed as {', '.join(sorted(versions)) or 'nothing readable'}, and the"
                f" secrets are for {', '.join(sorted(known))}."
            )
        # One signature is enough for an explanation.
        if len(given) > 1:
            return UNKNOWN
        return cause_of_mismatch(body, lambda other: self._matches(given, signed + other))


def _read_signatures(header: str) -> list[tuple[str, bytes]]:
    if len(header) > SIGNATURE_CHARS_MAX or header.count(" ") >= SIGNATURES_MAX:
        raise MalformedSignature("The signature header is longer than any sender needs.")
    signatures: list[tuple[str, bytes]] = []
    for part in header.split(" "):
        version, _, encoded = part.partition(",")
        try:
            signatures.append((version, base64.b64decode(encoded, validate=True)))
        except (binascii.Error, ValueError):
            continue  # One unreadable signature says nothing about its neighbours.
    return signatures


def sign(secret: str, webhook_id: str, timestamp_s: int, body: bytes) -> Mapping[str, str]:
    """The three headers of a webhook that is signed with a `whsec_` secret, for tests."""
    key = parse_secret(secret)
    if not isinstance(key, HmacKey):
        raise MalformedSecret("Only a whsec_ secret signs.")
    content = f"{webhook_id}.{timestamp_s}.".encode() + body
    signature = base64.b64encode(hmac.digest(key.key, content, "sha256")).decode("ascii")
    return {
        "webhook-id": webhook_id,
        "webhook-timestamp": str(timestamp_s),
        "webhook-signature": f"v1,{signature}",
    }
