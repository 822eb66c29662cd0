"""Webhooks as their senders sign them: examples that they publish, and signatures made as their
documentation describes where they publish none with its secret."""

import base64
import hashlib
import hmac
import json
from collections.abc import Mapping
from dataclasses import dataclass

from angarium_receiver import WebhookRequest

SECRET = "the secret of the sender"
URL = "https://example.com/hooks?a=1"
NOW_S = 1_800_000_000


@dataclass(frozen=True, slots=True)
class Example:
    """A request, the secret with which it was signed, and the time of its receipt."""

    sender: str
    headers: Mapping[str, str]
    body: bytes
    secret: str = SECRET
    url: str = URL
    now_s: float = NOW_S
    event_type: str | None = None
    event_id: str | None = None
    covers_body: bool = True

    def request(self) -> WebhookRequest:
        """The request of this example."""
        return WebhookRequest.of("POST", self.url, self.headers, self.body)

    def __str__(self) -> str:
        return self.sender


def _hex(content: bytes, digest: str = "sha256") -> str:
    return hmac.new(SECRET.encode(), content, digest).hexdigest()


def _base64(content: bytes) -> str:
    return base64.b64encode(hmac.new(SECRET.encode(), content, hashlib.sha256).digest()).decode()


_SENDGRID_BODY = (
    json.dumps(
        [
            {
                "email": "hello@world.com",
                "event": "dropped",
                "reason": "Bounced Address",
                "sg_event_id": "ZHJvcC0xMDk5NDkxOS1MUnpYbF9OSFN0T0doUTRrb2ZTbV9BLTA",
                "sg_message_id": (
                    "LRzXl_NHStOGhQ4kofSm_A.filterdrecv-p3mdw1-756b745b58-kmzbl-18-5F5FC76C-9.0"
                ),
                "smtp-id": "<LRzXl_NHStOGhQ4kofSm_A@ismtpd0039p1iad1.sendgrid.net>",
                "timestamp": 1600112492,
            }
        ],
        sort_keys=True,
        separators=(",", ":"),
    )
    + "\r\n"
).encode()

_ADYEN_BODY = json.dumps(
    {
        "live": "false",
        "notificationItems": [
            {
                "NotificationRequestItem": {
                    "additionalData": {
                        "hmacSignature": "coqCmt/IZ4E3CzPvMY8zTjQVL5hYJUiBRg8UU+iCWo0="
                    },
                    "amount": {"value": 1130, "currency": "EUR"},
                    "pspReference": "7914073381342284",
                    "eventCode": "AUTHORISATION",
                    "eventDate": "2019-05-06T17:15:34.121+02:00",
                    "merchantAccountCode": "TestMerchant",
                    "merchantReference": "TestPayment-1407325143704",
                    "paymentMethod": "visa",
                    "success": "true",
                }
            }
        ],
    }
).encode()

_SLACK_BODY = (
    b"token=xyzz0WbapA4vBCDEFasx0q6G&team_id=T1DC2JH3J&team_domain=testteamnow"
    b"&channel_id=G8PSS9T3V&channel_name=foobar&user_id=U2CERLKJA&user_name=roadrunner"
    b"&command=%2Fwebhook-collect&text=&response_url=https%3A%2F%2Fhooks.slack.com%2Fcommands"
    b"%2FT1DC2JH3J%2F397700885554%2F96rGlfmibIGlgcZRskXaIFfN"
    b"&trigger_id=398738663015.47445629121.803a0bc887a14d10d2c447fce8b6703c"
)

PUBLISHED = [
    # https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
    Example(
        "github",
        {
            "X-Hub-Signature-256": (
                "sha256=757107ea0eb2509fc211221cce984b8a37570b6d7586c22c46f4379c8b043e17"
            ),
            "X-GitHub-Event": "push",
            "X-GitHub-Delivery": "72d3162e-cc78-11e3-81ab-4c9367dc0958",
        },
        b"Hello, World!",
        "It's a Secret to Everybody",
        event_type="push",
        event_id="72d3162e-cc78-11e3-81ab-4c9367dc0958",
    ),
    # https://docs.slack.dev/authentication/verifying-requests-from-slack
    Example(
        "slack",
        {
            "X-Slack-Signature": (
                "v0=a2114d57b48eac39b9ad189dd8316235a7b4a8d21a10bd27519666489c69b503"
            ),
            "X-Slack-Request-Timestamp": "1531420618",
        },
        _SLACK_BODY,
        "8f742231b10e8888abcd99yyyzzz85a5",
        now_s=1531420618,
    ),
    # https://www.twilio.com/docs/usage/security, and the tests of Twilio's libraries
    Example(
        "twilio",
        {"X-Twilio-Signature": "RSOYDt4T1cUTdK1PDd93/VVr8B8="},
        b"Digits=1234&To=%2B18005551212&From=%2B14158675309&Caller=%2B14158675309"
        b"&CallSid=CA1234567890ABCDE",
        "12345",
        url="https://mycompany.com/myapp.php?foo=1&bar=2",
    ),
    # https://developer.squareup.com/docs/webhooks/step3validate, and Square's libraries
    Example(
        "square",
        {"X-Square-HmacSha256-Signature": "2kRE5qRU2tR+tBGlDwMEw2avJ7QM4ikPYD/PJ3bd9Og="},
        b'{"hello":"world"}',
        "asdf1234",
        url="https://example.com/webhook",
    ),
    # https://github.com/HubSpot/hubspot-api-python/blob/master/tests/spec/utils/test_signature.py
    Example(
        "hubspot",
        {
            "X-HubSpot-Signature-v3": "HPW73RUtKmcYoEDADG0s6MmGFWUzWJKAW07r8RDgcQw=",
            "X-HubSpot-Request-Timestamp": "15000000",
        },
        b"{'example_field':'example_value'}",
        "yyyyyyyy-yyyy-yyyy-yyyy-yyyyyyyyyyyy",
        url="https://www.example.com/webhook_uri",
        now_s=15000,
    ),
    # https://docs.adyen.com/development-resources/webhooks/secure-webhooks/verify-hmac-signatures
    Example(
        "adyen",
        {},
        _ADYEN_BODY,
        "44782DEF547AAA06C910C43932B1EB0C71FC68D9D0C057550C48EC2ACF6BA056",
        covers_body=False,
    ),
    # https://github.com/bold-commerce/go-shopify/blob/master/oauth_test.go
    Example(
        "shopify",
        {
            "X-Shopify-Hmac-SHA256": "hMTq0K2x7oyOjoBwGYeTj5oxfnaVYXzbanUG9aajpKI=",
            "X-Shopify-Topic": "orders/create",
            "X-Shopify-Webhook-Id": "b54557e4",
        },
        b'"my secret message"',
        "hush",
        event_type="orders/create",
        event_id="b54557e4",
    ),
    # https://github.com/sendgrid/sendgrid-python/blob/main/test/unit/test_eventwebhook.py
    Example(
        "sendgrid",
        {
            "X-Twilio-Email-Event-Webhook-Signature": (
                "MEUCIGHQVtGj+Y3LkG9fLcxf3qfI10QysgDWmMOVmxG0u6ZUAiEAyBiXDWzM+uOe5W0JuG+luQAb"
                "PIqHh89M15TluLtEZtM="
            ),
            "X-Twilio-Email-Event-Webhook-Timestamp": "1600112502",
        },
        _SENDGRID_BODY,
        "MFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE83T4O/n84iotIvIW4mdBgQ/7dAfSmpqIM8kF9mN1flpVKS3GRqe6"
        "2gw+2fNNRaINXvVpiglSI8eNEc6wEA3F+g==",
        now_s=1600112502,
    ),
]

_LINEAR_BODY = json.dumps({"type": "Comment", "webhookTimestamp": NOW_S * 1000}).encode()
_MAILGUN_TOKEN = "a8ce0edb2dd8301dee6c2405235584e45aa91d1e9f979f3de0"
_JSON = b'{"event":"a.b","topic":"a.b","object":"a.b","id":"evt_1"}'

DOCUMENTED = [
    # https://docs.gitlab.com/user/project/integrations/webhooks/
    Example(
        "gitlab",
        {"X-Gitlab-Token": SECRET, "X-Gitlab-Event": "Push Hook", "Idempotency-Key": "key-1"},
        _JSON,
        event_type="Push Hook",
        event_id="key-1",
        covers_body=False,
    ),
    # https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events
    Example(
        "zoom",
        {
            "x-zm-signature": "v0=" + _hex(f"v0:{NOW_S}:".encode() + _JSON),
            "x-zm-request-timestamp": str(NOW_S),
        },
        _JSON,
        event_type="a.b",
    ),
    # https://developers.facebook.com/docs/graph-api/webhooks/getting-started
    Example(
        "meta",
        {"X-Hub-Signature-256": "sha256=" + _hex(_JSON)},
        _JSON,
        event_type="a.b",
    ),
    # https://developers.intercom.com/docs/webhooks/webhook-notifications
    Example(
        "intercom",
        {"X-Hub-Signature": "sha1=" + _hex(_JSON, "sha1")},
        _JSON,
        event_type="a.b",
        event_id="evt_1",
    ),
    # https://linear.app/developers/webhooks#securing-webhooks
    Example(
        "linear",
        {"Linear-Signature": _hex(_LINEAR_BODY), "Linear-Delivery": "234d1a4e"},
        _LINEAR_BODY,
        event_type="Comment",
        event_id="234d1a4e",
    ),
    # https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
    Example(
        "mailgun",
        {},
        json.dumps(
            {
                "signature": {
                    "timestamp": str(NOW_S),
                    "token": _MAILGUN_TOKEN,
                    "signature": _hex(f"{NOW_S}{_MAILGUN_TOKEN}".encode()),
                },
                "event-data": {"event": "delivered", "id": "W3X4JOhFT-OZidZGKKr9iA"},
            }
        ).encode(),
        event_type="delivered",
        event_id="W3X4JOhFT-OZidZGKKr9iA",
        covers_body=False,
    ),
    # https://developers.docusign.com/platform/webhooks/connect/hmac/; the second of two keys
    Example(
        "docusign",
        {
            "X-DocuSign-Signature-1": base64.b64encode(bytes(32)).decode(),
            "X-DocuSign-Signature-2": _base64(_JSON),
        },
        _JSON,
        event_type="a.b",
    ),
]
