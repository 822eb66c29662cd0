"""PayPal: RSA signatures by a certificate of PayPal, over a checksum of the body.

https://developer.paypal.com/api/rest/webhooks/rest/#link-selfverificationmethod

The checksum is a CRC-32, which does not protect the body against somebody who has seen a webhook
with a valid signature: fetch what matters from PayPal's API.
"""

import base64
import binascii
import re
import zlib
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from angarium_receiver.certificates import CertificateCache, Fetch, fetch_https
from angarium_receiver.errors import (
    MalformedSecret,
    MalformedSignature,
    SignatureMismatch,
    UntrustedCertificate,
)
from angarium_receiver.mismatch import cause_of_mismatch
from angarium_receiver.public_keys import RsaCertificate
from angarium_receiver.request import WebhookRequest
from angarium_receiver.scheme import required

CERTIFICATE_URL: Final = re.compile(
    r"https://api(-m)?(\.sandbox)?\.paypal\.com/v1/notifications/certs/[A-Za-z0-9-]+"
)
ALGORITHM: Final = "SHA256withRSA"


@dataclass(frozen=True, slots=True)
class PayPalScheme:
    """The scheme; secrets are the ids of your webhooks, which are part of what is signed."""

    fetch: Fetch = fetch_https

    def verifier(self, secrets: Sequence[str]) -> "PayPalVerifier":
        """A verifier of the webhooks with these ids."""
        return PayPalVerifier(secrets, CertificateCache(self.fetch))


class PayPalVerifier:
    """Verifies webhooks with some ids."""

    def __init__(self, webhook_ids: Sequence[str], certificates: CertificateCache) -> None:
        if not webhook_ids or not all(webhook_ids):
            raise MalformedSecret("The secrets of PayPal are the ids of your webhooks.")
        self._webhook_ids = tuple(webhook_ids)
        self._certificates = certificates

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if PayPal signed the webhook for one of the ids. The time is that of the event,
        and is not checked: PayPal repeats a webhook for three days."""
        text = required("paypal-transmission-sig", request)
        transmission_id = required("paypal-transmission-id", request)
        transmission_time = required("paypal-transmission-time", request)
        url = required("paypal-cert-url", request)
        if required("paypal-auth-algo", request) != ALGORITHM:
            raise MalformedSignature(f"The header paypal-auth-algo is not {ALGORITHM}.")
        if CERTIFICATE_URL.fullmatch(url) is None:
            raise UntrustedCertificate("The header paypal-cert-url is not an address of PayPal.")
        try:
            signature = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error) as error:
            raise MalformedSignature("The header paypal-transmission-sig is no base64.") from error
        certificate = RsaCertificate(self._certificates.get(url))

        def signed(body: bytes) -> bool:
            return any(
                certificate.verify(
                    signature,
                    f"{transmission_id}|{transmission_time}|{each}|{zlib.crc32(body)}".encode(),
                    "sha256",
                )
                for each in self._webhook_ids
            )

        if not signed(request.body):
            raise SignatureMismatch(
                "The signature is not that of PayPal for a known webhook id and this body.",
                cause_of_mismatch(request.body, signed),
            )
