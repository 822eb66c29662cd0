"""Adyen: every item of a notification has its own HMAC, over some of its fields.

https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
"""

import base64
import binascii
import hmac
from collections.abc import Mapping, Sequence
from typing import Any, Final

from angarium_receiver.errors import (
    MalformedSecret,
    MalformedSignature,
    MissingSignature,
    SignatureMismatch,
)
from angarium_receiver.request import WebhookRequest, text_at
from angarium_receiver.scheme import same

ITEMS_MAX: Final = 100
# The order is that of the signed content. originalReference is often missing, and then empty.
_SIGNED: Final[tuple[tuple[str, ...], ...]] = (
    ("pspReference",),
    ("originalReference",),
    ("merchantAccountCode",),
    ("merchantReference",),
    ("amount", "value"),
    ("amount", "currency"),
    ("eventCode",),
    ("success",),
)


class AdyenScheme:
    """The scheme; secrets are HMAC keys in hexadecimal digits."""

    def verifier(self, secrets: Sequence[str]) -> "AdyenVerifier":
        """A verifier that accepts what any of the keys signed."""
        return AdyenVerifier(secrets)


class AdyenVerifier:
    """Verifies all items of a notification."""

    def __init__(self, secrets: Sequence[str]) -> None:
        try:
            self._keys = [bytes.fromhex(each) for each in secrets]
        except ValueError as error:
            raise MalformedSecret("An HMAC key of Adyen is hexadecimal digits.") from error
        if not self._keys or not all(self._keys):
            raise MalformedSecret("At least one HMAC key is needed, and none may be empty.")

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if every item was signed with one of the keys; Adyen signs no time."""
        body = request.json()
        items = body.get("notificationItems") if isinstance(body, dict) else None
        if not isinstance(items, list) or not 0 < len(items) <= ITEMS_MAX:
            raise MalformedSignature("The body is not a notification with notificationItems.")
        for item in items:
            notification = item.get("NotificationRequestItem") if isinstance(item, dict) else None
            if not isinstance(notification, dict):
                raise MalformedSignature("An item has no NotificationRequestItem.")
            self._verify_item(notification)

    def _verify_item(self, item: Mapping[str, Any]) -> None:
        text = text_at(item, "additionalData", "hmacSignature")
        if text is None:
            raise MissingSignature("member additionalData.hmacSignature of an item")
        try:
            given = base64.b64decode(text, validate=True)
        except (ValueError, binascii.Error) as error:
            raise MalformedSignature("An hmacSignature is not base64.") from error
        content = ":".join(text_at(item, *path) or "" for path in _SIGNED).encode()
        if not any(same(hmac.digest(key, content, "sha256"), given) for key in self._keys):
            raise SignatureMismatch(
                "An item was not signed with a known key.",
                "Usual cause: the HMAC key is that of another webhook, or of the test account.",
            )
