"""The senders: how the webhooks of each are verified and read.

A sender that is not here is described by the same means:

    ACME = Sender("acme", HmacScheme(signature=(Header("x-acme-signature"),)))
"""

from dataclasses import dataclass
from typing import Final

from .answer import OK, Answer
from .handshakes import (
    DiscordHandshake,
    Handshake,
    MetaHandshake,
    SlackHandshake,
    SnsHandshake,
    ZoomHandshake,
)
from .request import BodyField, Field, Header
from .scheme import Scheme
from .schemes.adyen import AdyenScheme
from .schemes.asymmetric import DISCORD_SCHEME, SENDGRID_SCHEME
from .schemes.aws_sns import SnsScheme
from .schemes.hmac_scheme import Encoding, HmacScheme, Pairs, Part, SharedSecret
from .schemes.paypal import PayPalScheme
from .schemes.twilio import TwilioScheme
from .standard_webhooks import StandardWebhooks


@dataclass(frozen=True, slots=True)
class Sender:
    """One kind of sender.

    `event_type` and `event_id` are the places where an event says its type and id; the first that
    a request has counts. `accepted` is the answer to a webhook that was handled. `fetches` is true
    for senders whose verification may fetch a certificate.
    """

    name: str
    scheme: Scheme
    event_type: tuple[Field, ...] = ()
    event_id: tuple[Field, ...] = ()
    handshake: Handshake | None = None
    accepted: Answer = OK
    fetches: bool = False


STANDARD_WEBHOOKS: Final = Sender(
    "standard-webhooks",
    StandardWebhooks(),
    event_type=(BodyField("type"), Header("ce-type")),
    event_id=(Header("webhook-id"), Header("svix-id")),
)

# https://docs.adyen.com/development-resources/webhooks
ADYEN: Final = Sender("adyen", AdyenScheme())

AWS_SNS: Final = Sender(
    "aws-sns",
    SnsScheme(),
    event_type=(BodyField("Type"),),
    event_id=(BodyField("MessageId"),),
    handshake=SnsHandshake(),
    fetches=True,
)

DISCORD: Final = Sender(
    "discord",
    DISCORD_SCHEME,
    event_type=(BodyField("event", "type"),),
    event_id=(BodyField("id"),),
    handshake=DiscordHandshake(),
)

# Up to 100 keys may sign at once, each in a header of its own; who rotates has two.
# https://developers.docusign.com/platform/webhooks/connect/hmac/
DOCUSIGN: Final = Sender(
    "docusign",
    HmacScheme(
        signature=tuple(Header(f"x-docusign-signature-{number}") for number in range(1, 6)),
        encoding=Encoding.BASE64,
    ),
    event_type=(BodyField("event"),),
)

# https://docs.github.com/en/webhooks/using-webhooks/validating-webhook-deliveries
GITHUB: Final = Sender(
    "github",
    HmacScheme(signature=(Header("x-hub-signature-256"),), prefix="sha256="),
    event_type=(Header("x-github-event"),),
    event_id=(Header("x-github-delivery"),),
)

# The secret token. Where GitLab has a signing token, it signs as STANDARD_WEBHOOKS does.
# https://docs.gitlab.com/user/project/integrations/webhooks/
GITLAB: Final = Sender(
    "gitlab",
    SharedSecret("x-gitlab-token"),
    event_type=(Header("x-gitlab-event"),),
    event_id=(Header("idempotency-key"), Header("x-gitlab-event-uuid")),
)

# https://developers.hubspot.com/docs/apps/legacy-apps/authentication/validating-requests
HUBSPOT: Final = Sender(
    "hubspot",
    HmacScheme(
        signature=(Header("x-hubspot-signature-v3"),),
        content=(Part.METHOD, Part.DECODED_URL, Part.BODY, Part.TIMESTAMP),
        encoding=Encoding.BASE64,
        timestamp=Header("x-hubspot-request-timestamp"),
        timestamp_unit_s=0.001,
    ),
)

# https://developers.intercom.com/docs/webhooks/webhook-notifications
INTERCOM: Final = Sender(
    "intercom",
    HmacScheme(signature=(Header("x-hub-signature"),), prefix="sha1=", digest="sha1"),
    event_type=(BodyField("topic"),),
    event_id=(BodyField("id"),),
)

# https://linear.app/developers/webhooks#securing-webhooks
LINEAR: Final = Sender(
    "linear",
    HmacScheme(
        signature=(Header("linear-signature"),),
        timestamp=BodyField("webhookTimestamp"),
        timestamp_unit_s=0.001,
        tolerance_s=60,
    ),
    event_type=(Header("linear-event"), BodyField("type")),
    event_id=(Header("linear-delivery"),),
)

# The signature covers a token, and nothing of the event.
# https://documentation.mailgun.com/docs/mailgun/user-manual/webhooks/securing-webhooks
MAILGUN: Final = Sender(
    "mailgun",
    HmacScheme(
        signature=(BodyField("signature", "signature"),),
        content=(Part.TIMESTAMP, BodyField("signature", "token")),
        timestamp=BodyField("signature", "timestamp"),
        # Mailgun repeats a webhook for eight hours.
        tolerance_s=43_200,
    ),
    event_type=(BodyField("event-data", "event"),),
    event_id=(BodyField("event-data", "id"),),
)

# https://developers.facebook.com/docs/graph-api/webhooks/getting-started
META: Final = Sender(
    "meta",
    HmacScheme(signature=(Header("x-hub-signature-256"),), prefix="sha256="),
    event_type=(BodyField("object"),),
    handshake=MetaHandshake(),
)

# https://developer.paddle.com/webhooks/signature-verification
PADDLE: Final = Sender(
    "paddle",
    HmacScheme(
        signature=Pairs("paddle-signature", "ts", "h1", separator=";"),
        content=(Part.TIMESTAMP, ":", Part.BODY),
    ),
    event_type=(BodyField("event_type"),),
    event_id=(BodyField("event_id"),),
)

PAYPAL: Final = Sender(
    "paypal",
    PayPalScheme(),
    event_type=(BodyField("event_type"),),
    event_id=(BodyField("id"),),
    fetches=True,
)

SENDGRID: Final = Sender("sendgrid", SENDGRID_SCHEME)

# https://shopify.dev/docs/apps/build/webhooks/subscribe/https
SHOPIFY: Final = Sender(
    "shopify",
    HmacScheme(signature=(Header("x-shopify-hmac-sha256"),), encoding=Encoding.BASE64),
    event_type=(Header("x-shopify-topic"),),
    event_id=(Header("x-shopify-webhook-id"),),
)

# https://docs.slack.dev/authentication/verifying-requests-from-slack
SLACK: Final = Sender(
    "slack",
    HmacScheme(
        signature=(Header("x-slack-signature"),),
        content=("v0:", Part.TIMESTAMP, ":", Part.BODY),
        prefix="v0=",
        timestamp=Header("x-slack-request-timestamp"),
    ),
    event_type=(BodyField("event", "type"), BodyField("type")),
    event_id=(BodyField("event_id"),),
    handshake=SlackHandshake(),
)

# https://developer.squareup.com/docs/webhooks/step3validate
SQUARE: Final = Sender(
    "square",
    HmacScheme(
        signature=(Header("x-square-hmacsha256-signature"),),
        content=(Part.URL, Part.BODY),
        encoding=Encoding.BASE64,
    ),
    event_type=(BodyField("type"),),
    event_id=(BodyField("event_id"),),
)

# https://docs.stripe.com/webhooks/signature
STRIPE: Final = Sender(
    "stripe",
    HmacScheme(
        signature=Pairs("stripe-signature", "t", "v1"),
        content=(Part.TIMESTAMP, ".", Part.BODY),
    ),
    event_type=(BodyField("type"),),
    event_id=(BodyField("id"),),
)

TWILIO: Final = Sender("twilio", TwilioScheme(), event_id=(Header("i-twilio-idempotency-token"),))

# https://developers.zoom.us/docs/api/webhooks/#verify-webhook-events
ZOOM: Final = Sender(
    "zoom",
    HmacScheme(
        signature=(Header("x-zm-signature"),),
        content=("v0:", Part.TIMESTAMP, ":", Part.BODY),
        prefix="v0=",
        timestamp=Header("x-zm-request-timestamp"),
    ),
    event_type=(BodyField("event"),),
    handshake=ZoomHandshake(),
)

SENDERS: Final = {
    each.name: each
    for each in (
        STANDARD_WEBHOOKS,
        ADYEN,
        AWS_SNS,
        DISCORD,
        DOCUSIGN,
        GITHUB,
        GITLAB,
        HUBSPOT,
        INTERCOM,
        LINEAR,
        MAILGUN,
        META,
        PADDLE,
        PAYPAL,
        SENDGRID,
        SHOPIFY,
        SLACK,
        SQUARE,
        STRIPE,
        TWILIO,
        ZOOM,
    )
}
"""All senders, by their names."""
