"""Schemes with a public key in the configuration: Discord (Ed25519) and SendGrid (ECDSA)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Final

from angarium_receiver.errors import MalformedSecret, MalformedSignature, SignatureMismatch
from angarium_receiver.mismatch import cause_of_mismatch
from angarium_receiver.public_keys import EcdsaKey, Ed25519Key, PublicKey
from angarium_receiver.request import WebhookRequest
from angarium_receiver.scheme import check_time, required

TOLERANCE_S: Final = 300


def discord_key(text: str) -> PublicKey:
    """The public key of an application, in hexadecimal digits."""
    try:
        return Ed25519Key(bytes.fromhex(text))
    except ValueError as error:
        if isinstance(error, MalformedSecret):
            raise
        raise MalformedSecret("A public key of Discord is hexadecimal digits.") from error


def _hex(text: str) -> bytes:
    return bytes.fromhex(text)


def _base64(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


@dataclass(frozen=True, slots=True, kw_only=True)
class PublicKeyScheme:
    """A signature over the time and the body; secrets are public keys."""

    header: str
    timestamp_header: str
    read_key: Callable[[str], PublicKey]
    read_signature: Callable[[str], bytes]
    tolerance_s: float | None = TOLERANCE_S

    def verifier(self, secrets: Sequence[str]) -> "PublicKeyVerifier":
        """A verifier that accepts what the private key of any of the public keys signed."""
        return PublicKeyVerifier(self, [self.read_key(each) for each in secrets])


# https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
DISCORD_SCHEME: Final = PublicKeyScheme(
    header="x-signature-ed25519",
    timestamp_header="x-signature-timestamp",
    read_key=discord_key,
    read_signature=_hex,
)
# SendGrid documents no age limit, and its libraries check none.
# https://www.twilio.com/docs/sendgrid/for-developers/tracking-events/getting-started-event-webhook-security-features
SENDGRID_SCHEME: Final = PublicKeyScheme(
    header="x-twilio-email-event-webhook-signature",
    timestamp_header="x-twilio-email-event-webhook-timestamp",
    read_key=EcdsaKey,
    read_signature=_base64,
    tolerance_s=None,
)


class PublicKeyVerifier:
    """Verifies by a scheme with public keys."""

    def __init__(self, scheme: PublicKeyScheme, keys: Sequence[PublicKey]) -> None:
        if not keys:
            raise MalformedSecret("At least one public key is needed.")
        self._scheme = scheme
        self._keys = keys

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if the signature is right for the time and the body."""
        scheme = self._scheme
        text = required(scheme.header, request)
        timestamp = required(scheme.timestamp_header, request)
        check_time(timestamp, now_s, scheme.tolerance_s)
        try:
            signature = scheme.read_signature(text)
        except (ValueError, binascii.Error) as error:
            raise MalformedSignature(f"The header {scheme.header} cannot be read.") from error

        def signed(body: bytes) -> bool:
            content = timestamp.encode() + body
            return any(key.verify(signature, content) for key in self._keys)

        if not signed(request.body):
            raise SignatureMismatch(
                f"The signature in header {scheme.header} is not that of a known public key over"
                " this time and body.",
                cause_of_mismatch(request.body, signed),
            )
