"""Receive webhooks: verify them, and handle each event once.

    receiver = Receiver("whsec_…")

    @receiver.on("invoice.paid")
    def paid(invoice: Invoice) -> None: ...

`angarium_receiver.frameworks` has the routes for Litestar, FastAPI and Starlette, Django, Flask,
Quart and aiohttp; `angarium_receiver.inbox` what handles each event once.
"""

from .answer import Answer
from .decoding import PayloadMismatch
from .errors import (
    CertificateUnavailable,
    MalformedSecret,
    MalformedSignature,
    MissingDependency,
    MissingSignature,
    ReceiverError,
    SignatureMismatch,
    TimestampOutOfTolerance,
    UntrustedCertificate,
    VerificationError,
)
from .event import Event
from .receiver import Receiver
from .request import BodyField, Header, QueryParameter, WebhookRequest
from .senders import SENDERS, STANDARD_WEBHOOKS, Sender
from .standard_webhooks import StandardWebhooks

__all__ = [
    "SENDERS",
    "STANDARD_WEBHOOKS",
    "Answer",
    "BodyField",
    "CertificateUnavailable",
    "Event",
    "Header",
    "MalformedSecret",
    "MalformedSignature",
    "MissingDependency",
    "MissingSignature",
    "PayloadMismatch",
    "QueryParameter",
    "Receiver",
    "ReceiverError",
    "Sender",
    "SignatureMismatch",
    "StandardWebhooks",
    "TimestampOutOfTolerance",
    "UntrustedCertificate",
    "VerificationError",
    "WebhookRequest",
]
