"""A scheme: how one kind of sender proves that a webhook is its own."""

import hmac
from collections.abc import Sequence
from typing import Protocol

from .errors import MalformedSignature, MissingSignature, TimestampOutOfTolerance
from .request import Header, WebhookRequest

TIMESTAMP_DIGITS_MAX = 15


class Verifier(Protocol):
    """Verifies webhooks with the secrets that it was made with."""

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        """Return if the webhook is verified; else raise a VerificationError."""


class Scheme(Protocol):
    """Makes verifiers of one kind."""

    def verifier(self, secrets: Sequence[str]) -> Verifier:
        """A verifier that accepts what any of the secrets signed. Raises MalformedSecret."""


def required(header: str, request: WebhookRequest) -> str:
    """The value of a header. Raises MissingSignature."""
    value = Header(header).read(request)
    if value is None:
        raise MissingSignature(f"header {header}")
    return value


def check_time(text: str, now_s: float, tolerance_s: float | None, unit_s: float = 1) -> None:
    """Refuse a signed time that is no whole number, or too far from now."""
    if not (text.isascii() and text.isdigit()) or len(text) > TIMESTAMP_DIGITS_MAX:
        raise MalformedSignature("The signed time is not a whole number.")
    age_s = now_s - int(text) * unit_s
    if tolerance_s is not None and abs(age_s) > tolerance_s:
        raise TimestampOutOfTolerance(age_s, tolerance_s)


def same(one: bytes, other: bytes) -> bool:
    """Compare in constant time."""
    return hmac.compare_digest(one, other)
