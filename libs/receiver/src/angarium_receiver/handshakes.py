"""Handshakes: how senders ask whether a URL wants their webhooks, and what they are answered."""

import hmac
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from .answer import NO_CONTENT, OK, Answer
from .certificates import Fetch, fetch_https
from .request import WebhookRequest, text_at
from .scheme import same
from .schemes.aws_sns import CONFIRMATION_URL

ECHO_CHARS_MAX: Final = 512
"""The longest text of a sender that is returned to it."""
_ECHOED: Final = re.compile(r"[!-~]+")


@dataclass(frozen=True, slots=True)
class HandshakeSecrets:
    """The secrets of a receiver, and the token that Meta's handshake asks for."""

    secrets: Sequence[str] = field(repr=False)
    verify_token: str | None = field(default=None, repr=False)


class Handshake(Protocol):
    """Answers a request that asks for the URL instead of bringing an event."""

    def answer_get(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """The answer to a GET; None refuses it."""

    def answer_verified(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """The answer to a verified POST; None if it brings an event."""


class _PostOnly:
    def answer_get(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """GETs are refused."""
        return None


class SlackHandshake(_PostOnly):
    """The event `url_verification`, whose `challenge` is returned.

    https://docs.slack.dev/reference/events/url_verification
    """

    def answer_verified(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """The challenge."""
        body = request.json()
        challenge = _echoed(text_at(body, "challenge"))
        if text_at(body, "type") != "url_verification" or challenge is None:
            return None
        return Answer(200, challenge.encode())


class ZoomHandshake(_PostOnly):
    """The event `endpoint.url_validation`, whose `plainToken` is returned signed.

    https://developers.zoom.us/docs/api/webhooks/#validate-your-webhook-endpoint
    """

    def answer_verified(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """The token and its HMAC with the first secret."""
        body = request.json()
        token = _echoed(text_at(body, "payload", "plainToken"))
        if text_at(body, "event") != "endpoint.url_validation" or token is None:
            return None
        signed = hmac.digest(given.secrets[0].encode(), token.encode(), "sha256").hex()
        return Answer.json({"plainToken": token, "encryptedToken": signed})


class MetaHandshake:
    """A GET with `hub.verify_token`, whose `hub.challenge` is returned.

    https://developers.facebook.com/docs/graph-api/webhooks/getting-started
    """

    def answer_get(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """The challenge, if the token is ours."""
        query = request.query()
        token = query.get("hub.verify_token", "")
        if query.get("hub.mode") != "subscribe" or not given.verify_token:
            return None
        if not same(token.encode(), given.verify_token.encode()):
            return None
        challenge = _echoed(query.get("hub.challenge"))
        return None if challenge is None else Answer(200, challenge.encode())

    def answer_verified(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """Every POST brings events."""
        return None


class DiscordHandshake(_PostOnly):
    """The PING of interactions, answered with a PONG, and that of webhook events.

    https://docs.discord.com/developers/interactions/overview#setting-up-an-endpoint
    https://docs.discord.com/developers/events/webhook-events#preparing-for-events
    """

    def answer_verified(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """The answer to a PING."""
        body: Any = request.json()
        if not isinstance(body, dict) or "event" in body:
            return None
        match body.get("type"):
            case 0:
                return NO_CONTENT
            case 1:
                return Answer.json({"type": 1})
            case _:
                return None


@dataclass(frozen=True, slots=True)
class SnsHandshake(_PostOnly):
    """The message `SubscriptionConfirmation`, whose `SubscribeURL` is visited.

    https://docs.aws.amazon.com/sns/latest/dg/SendMessageToHttp.prepare.html
    """

    fetch: Fetch = fetch_https

    def answer_verified(self, request: WebhookRequest, given: HandshakeSecrets) -> Answer | None:
        """Confirm the subscription at Amazon, whose address the URL must have."""
        body = request.json()
        if text_at(body, "Type") == "UnsubscribeConfirmation":
            return OK
        if text_at(body, "Type") != "SubscriptionConfirmation":
            return None
        url = text_at(body, "SubscribeURL")
        if url is None or CONFIRMATION_URL.fullmatch(url) is None:
            return Answer(400, b"SubscribeURL is not an address of Amazon SNS.")
        self.fetch(url)
        return OK


def _echoed(value: str | None) -> str | None:
    """A text that may be returned: printable ASCII without spaces, and short."""
    if value is None or len(value) > ECHO_CHARS_MAX or _ECHOED.fullmatch(value) is None:
        return None
    # As text it could be read as a page by nobody: the content type is text/plain.
    return value
