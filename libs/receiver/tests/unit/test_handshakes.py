"""Senders that ask for a URL first get the answer that they want, and nobody else does."""

import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import replace

import pytest
from angarium_receiver import Answer, CertificateUnavailable, Receiver, WebhookRequest
from angarium_receiver.handshakes import SnsHandshake
from angarium_receiver.senders import AWS_SNS, DISCORD, GITHUB, META, SLACK, ZOOM, Sender
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

SECRET = "the secret of the sender"
NOW_S = 1_800_000_000
URL = "https://example.com/hooks"


def v0_signed(value: object, header: str, timestamp: str) -> WebhookRequest:
    """As Slack and Zoom sign."""
    body = json.dumps(value).encode()
    content = f"v0:{NOW_S}:".encode() + body
    signature = "v0=" + hmac.digest(SECRET.encode(), content, hashlib.sha256).hex()
    return WebhookRequest.of("POST", URL, {header: signature, timestamp: str(NOW_S)}, body)


def slack(value: object) -> WebhookRequest:
    return v0_signed(value, "X-Slack-Signature", "X-Slack-Request-Timestamp")


def zoom(value: object) -> WebhookRequest:
    return v0_signed(value, "x-zm-signature", "x-zm-request-timestamp")


def answer(sender: Sender, request: WebhookRequest, secret: str = SECRET) -> Answer:
    known = Receiver(secret, sender=sender, verify_token="the token", clock=lambda: NOW_S)
    known.on("*")(_not_called)
    return known.handle(request)


def _not_called() -> None:
    raise AssertionError("a handshake brings no event")


CHALLENGE = "3eZbrw1aBm2rZgRNFdxV2595E9CY3gmdALWMmHkvFXO7tYXAYM8P"


def test_slack_gets_its_challenge() -> None:
    # https://docs.slack.dev/reference/events/url_verification
    value = {"token": "t", "challenge": CHALLENGE, "type": "url_verification"}
    assert answer(SLACK, slack(value)).body == CHALLENGE.encode()
    forged = replace(slack(value), body=json.dumps({**value, "token": "u"}).encode())
    assert answer(SLACK, forged).status == 401


def test_zoom_gets_its_token_signed() -> None:
    value = {
        "payload": {"plainToken": "qgg8vlvZRS6UYooatFL8Aw"},
        "event_ts": 1654503849680,
        "event": "endpoint.url_validation",
    }
    given = json.loads(answer(ZOOM, zoom(value)).body)
    signed = hmac.new(SECRET.encode(), b"qgg8vlvZRS6UYooatFL8Aw", "sha256").hexdigest()
    assert given == {"plainToken": "qgg8vlvZRS6UYooatFL8Aw", "encryptedToken": signed}


@pytest.mark.parametrize("echoed", ["<script>", "a b", "x" * 513, "", "\n"])
def test_only_plain_and_short_texts_are_returned(echoed: str) -> None:
    value = {"challenge": echoed, "type": "url_verification"}
    known = Receiver(SECRET, sender=SLACK, clock=lambda: NOW_S)
    given = known.handle(slack(value))
    if echoed == "<script>":
        assert given.content_type.startswith("text/plain")
    else:
        assert given.body == b""


def meta_url(token: str, mode: str = "subscribe") -> str:
    return f"{URL}?hub.mode={mode}&hub.challenge=1158201444&hub.verify_token={token}"


@pytest.mark.parametrize(
    ("url", "status", "body"),
    [
        (meta_url("the+token"), 200, b"1158201444"),
        (meta_url("another"), 403, b""),
        (meta_url("the+token", "unsubscribe"), 403, b""),
        (URL, 403, b""),
    ],
)
def test_meta_gets_its_challenge_for_the_token(url: str, status: int, body: bytes) -> None:
    given = answer(META, WebhookRequest("GET", url, {}, b""))
    assert (given.status, given.body) == (status, body)


def test_meta_gets_nothing_where_no_token_is_configured() -> None:
    known = Receiver(SECRET, sender=META)
    assert known.handle(WebhookRequest("GET", meta_url(""), {}, b"")).status == 403


def discord(key: Ed25519PrivateKey, value: object) -> WebhookRequest:
    body = json.dumps(value).encode()
    signature = key.sign(str(NOW_S).encode() + body).hex()
    headers = {"X-Signature-Ed25519": signature, "X-Signature-Timestamp": str(NOW_S)}
    return WebhookRequest.of("POST", URL, headers, body)


def test_discord_gets_a_pong_and_204_for_the_ping_of_events() -> None:
    key = Ed25519PrivateKey.generate()
    public = key.public_key().public_bytes_raw().hex()
    assert json.loads(answer(DISCORD, discord(key, {"type": 1}), public).body) == {"type": 1}
    assert answer(DISCORD, discord(key, {"version": 1, "type": 0}), public).status == 204
    other = Ed25519PrivateKey.generate()
    assert answer(DISCORD, discord(other, {"type": 1}), public).status == 401


class Amazon:
    """Remembers what was fetched; fails if it is to."""

    def __init__(self, *, fails: bool = False) -> None:
        self.fetched: list[str] = []
        self.fails = fails

    def fetch(self, url: str) -> bytes:
        self.fetched.append(url)
        if self.fails:
            raise CertificateUnavailable("Amazon is away.")
        return b""


CONFIRMATION = "https://sns.us-west-2.amazonaws.com/?Action=ConfirmSubscription&Token=2336412f37f"


class Trusting:
    """A scheme that verifies everything: only the handshake matters here."""

    def verifier(self, secrets: object) -> "Trusting":
        return self

    def verify(self, request: WebhookRequest, now_s: float) -> None:
        pass


def confirm(amazon: Amazon, members: Mapping[str, str]) -> Answer:
    sender = replace(AWS_SNS, scheme=Trusting(), handshake=SnsHandshake(amazon.fetch))
    return answer(sender, WebhookRequest("POST", URL, {}, json.dumps(members).encode()))


def test_a_subscription_is_confirmed_at_amazon_and_nowhere_else() -> None:
    amazon = Amazon()
    message = {"Type": "SubscriptionConfirmation", "SubscribeURL": CONFIRMATION}
    assert confirm(amazon, message).status == 200
    assert amazon.fetched == [CONFIRMATION]
    for url in ("https://attacker.com/?a", "http://sns.us-west-2.amazonaws.com/?a", ""):
        assert confirm(amazon, {**message, "SubscribeURL": url}).status == 400
    assert confirm(amazon, {"Type": "UnsubscribeConfirmation"}).status == 200
    assert amazon.fetched == [CONFIRMATION]


def test_a_confirmation_that_fails_is_asked_for_again() -> None:
    message = {"Type": "SubscriptionConfirmation", "SubscribeURL": CONFIRMATION}
    assert confirm(Amazon(fails=True), message).status == 503


def test_head_is_answered_and_other_methods_are_refused() -> None:
    for method, status in (("HEAD", 200), ("GET", 405), ("PUT", 405)):
        assert answer(GITHUB, WebhookRequest(method, URL, {}, b"")).status == status
