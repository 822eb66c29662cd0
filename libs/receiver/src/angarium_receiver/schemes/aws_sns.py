"""AWS SNS: RSA signatures by a certificate of Amazon, over some members of the body.

https://docs.aws.amazon.com/sns/latest/dg/sns-verify-signature-of-message.html
"""

import base64
import binascii
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from angarium_receiver.certificates import CertificateCache, Fetch, fetch_https
from angarium_receiver.errors import (
    MalformedSecret,
    MalformedSignature,
    MissingSignature,
    SignatureMismatch,
    UntrustedCertificate,
)
from angarium_receiver.public_keys import RsaCertificate
from angarium_receiver.request import WebhookRequest

CERTIFICATE_URL: Final = re.compile(
    r"https://sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?/[A-Za-z0-9-]+\.pem"
)
CONFIRMATION_URL: Final = re.compile(r"https://sns\.[a-z0-9-]{3,}\.amazonaws\.com(\.cn)?/\?[!-~]+")
_NOTIFICATION: Final = ("Message", "MessageId", "Subject", "Timestamp", "TopicArn", "Type")
_CONFIRMATION: Final = (
    "Message",
    "MessageId",
    "SubscribeURL",
    "Timestamp",
    "Token",
    "TopicArn",
    "Type",
)
_SIGNED: Final = {
    "Notification": _NOTIFICATION,
    "SubscriptionConfirmation": _CONFIRMATION,
    "UnsubscribeConfirmation": _CONFIRMATION,
}
_DIGESTS: Final = {"1": "sha1", "2": "sha256"}


@dataclass(frozen=True, slots=True)
class SnsScheme:
    """The scheme. Its secrets are the ARNs of your topics: anybody with an account at AWS can have
    Amazon sign a message of a topic of their own."""

    fetch: Fetch = fetch_https

    def verifier(self, secrets: Sequence[str]) -> "SnsVerifier":
        """A verifier of messages of these topics."""
        return SnsVerifier(secrets, CertificateCache(self.fetch))


class SnsVerifier:
    """Verifies messages of some topics."""

    def __init__(self, topics: Sequence[str], certificates: CertificateCache) -> None:
        if not topics or not all(each.startswith("arn:") for each in topics):
            raise MalformedSecret("The secrets of AWS SNS are the ARNs of your topics: arn:aws:…")
        self._topics = frozenset(topics)
        self._certificates = certificates

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if Amazon signed the message, and its topic is one of ours."""
        message = request.json()
        if not isinstance(message, dict):
            raise MalformedSignature("The body is not a message of SNS.")
        url = _text(message, "SigningCertURL")
        if CERTIFICATE_URL.fullmatch(url) is None:
            raise UntrustedCertificate("SigningCertURL is not an address of Amazon SNS.")
        signature = _signature(message)
        digest = _DIGESTS.get(_text(message, "SignatureVersion"))
        if digest is None:
            raise MalformedSignature("SignatureVersion is not 1 or 2.")
        certificate = RsaCertificate(self._certificates.get(url))
        if not certificate.verify(signature, _content(message), digest):
            raise SignatureMismatch(
                "The signature is not that of Amazon over this message.",
                "Usual cause: a proxy or middleware changed the body.",
            )
        if _text(message, "TopicArn") not in self._topics:
            raise SignatureMismatch(
                "Amazon signed the message, but for a topic that is not among yours.",
                "Usual cause: the ARN of the topic is missing in the receiver's secrets.",
            )


def _text(message: Mapping[str, Any], name: str) -> str:
    value = message.get(name)
    if not isinstance(value, str) or not value:
        raise MissingSignature(f"member {name} of the body")
    return value


def _signature(message: Mapping[str, Any]) -> bytes:
    try:
        return base64.b64decode(_text(message, "Signature"), validate=True)
    except (ValueError, binascii.Error) as error:
        raise MalformedSignature("Signature is not base64.") from error


def _content(message: Mapping[str, Any]) -> bytes:
    names = _SIGNED.get(_text(message, "Type"))
    if names is None:
        raise MalformedSignature("Type is not one of SNS.")
    lines = [f"{name}\n{message[name]}\n" for name in names if isinstance(message.get(name), str)]
    return "".join(lines).encode("utf-8", "surrogatepass")
