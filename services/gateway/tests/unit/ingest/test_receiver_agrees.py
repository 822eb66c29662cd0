"""The gateway's sources and the library for receivers verify the same webhooks, though neither
knows the other."""

from dataclasses import replace

import pytest
from angarium_gateway.domain.ingest.source_types import RULES, SourceType
from angarium_gateway.domain.ingest.verification import (
    ReceivedWebhook,
    SourceConfig,
    verify_webhook,
)
from angarium_receiver import (
    SENDERS,
    STANDARD_WEBHOOKS,
    Receiver,
    SignatureMismatch,
    WebhookRequest,
)

from .signing import NOW_S, URL, secret_of, signed_by

BODY = b'{"type": "a.b", "id": "1"}'
SHARED = [kind for kind in SourceType if kind in SENDERS]


@pytest.mark.parametrize("kind", [*SHARED, SourceType.SVIX, SourceType.CLERK])
def test_both_accept_and_refuse_the_same(kind: SourceType) -> None:
    signed = signed_by(kind, BODY)
    webhook = ReceivedWebhook("POST", URL, signed.headers, signed.query, BODY)
    verify_webhook(RULES[kind].scheme, SourceConfig(secret=secret_of(kind)), webhook, NOW_S)

    sender = SENDERS.get(kind, STANDARD_WEBHOOKS)
    receiver = Receiver(secret_of(kind), sender=sender, clock=lambda: NOW_S)
    request = WebhookRequest("POST", URL, signed.headers, BODY)
    receiver.verify(request)
    with pytest.raises(SignatureMismatch):
        receiver.verify(replace(request, body=BODY + b"x"))


def test_most_senders_with_a_signature_are_shared() -> None:
    assert set(SHARED) >= {
        SourceType.DOCUSIGN,
        SourceType.GITHUB,
        SourceType.HUBSPOT,
        SourceType.META,
        SourceType.SHOPIFY,
        SourceType.SLACK,
        SourceType.STRIPE,
        SourceType.ZOOM,
    }
