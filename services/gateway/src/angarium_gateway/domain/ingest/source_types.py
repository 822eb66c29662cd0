"""The types of sources, in one table: how the webhooks of each sender are verified and read.

A type that is not in `SourceType` does not exist. Those of the Svix API that are missing have no
signature of a shared secret over the request that their documentation describes.
"""

from dataclasses import dataclass
from enum import Enum, StrEnum, unique
from typing import Final


@unique
class SourceType(StrEnum):
    """The types, by their names in the Svix API."""

    GENERIC = "generic-webhook"
    AIRWALLEX = "airwallex"
    BEEHIIV = "beehiiv"
    BREX = "brex"
    CLERK = "clerk"
    DOCUSIGN = "docusign"
    EASYPOST = "easypost"
    GITHUB = "github"
    GUESTY = "guesty"
    HUBSPOT = "hubspot"
    INCIDENT_IO = "incident-io"
    LITHIC = "lithic"
    MERGE = "merge"
    META = "meta"
    NANGO = "nango"
    NASH = "nash"
    OPEN_AI = "open-ai"
    PANDA_DOC = "panda-doc"
    PLEO = "pleo"
    PORT_IO = "port-io"
    PSI_FI = "psi-fi"
    RENDER = "render"
    REPLICATE = "replicate"
    RESEND = "resend"
    RUTTER = "rutter"
    SAFEBASE = "safebase"
    SARDINE = "sardine"
    SEGMENT = "segment"
    SHOPIFY = "shopify"
    SLACK = "slack"
    STRIPE = "stripe"
    STYCH = "stych"
    SVIX = "svix"
    TAILSCALE = "tailscale"
    VAPI = "vapi"
    VERIFF = "veriff"
    ZOOM = "zoom"


@unique
class Part(Enum):
    """What a signature covers, besides fixed texts."""

    BODY = "the body, as it was received"
    TIMESTAMP = "the time, as it was received"
    METHOD_AND_URL = "the method and the URL of the request"


@unique
class Encoding(Enum):
    """How a signature is written."""

    HEX = "hexadecimal digits"
    BASE64 = "base64"
    BASE64_URL = "base64 with - and _"


TOLERANCE_S: Final = 300
"""A signed time may differ by so much from the time of receipt."""


@dataclass(frozen=True, slots=True, kw_only=True)
class HmacScheme:
    """An HMAC over `content` with the source's secret, written in `header` after `prefix`.

    `further_headers`: others that may have a signature, by another key of the sender, instead.
    `in_pairs`: the header is `t=<time>,v1=<signature>`, several signatures at once allowed.
    `in_query`: it is a parameter of the query. `timestamp_header` has the signed time, in units of
    `timestamp_unit_s`; times are not checked with `tolerance_s` None.
    """

    header: str
    further_headers: tuple[str, ...] = ()
    content: tuple[str | Part, ...] = (Part.BODY,)
    encoding: Encoding = Encoding.HEX
    prefix: str = ""
    digest: str = "sha256"
    timestamp_header: str | None = None
    timestamp_unit_s: float = 1.0
    tolerance_s: float | None = TOLERANCE_S
    in_pairs: bool = False
    in_query: bool = False


@dataclass(frozen=True, slots=True)
class StandardWebhooks:
    """Standard Webhooks, under the header names `webhook-…` or `svix-…`."""


@dataclass(frozen=True, slots=True)
class SharedSecret:
    """The secret itself is in this header."""

    header: str


type Scheme = HmacScheme | StandardWebhooks | SharedSecret


@unique
class Challenge(Enum):
    """How a sender asks whether the URL belongs to whoever configured it."""

    SLACK = "a signed event `url_verification`, whose `challenge` is returned"
    ZOOM = "a signed event `endpoint.url_validation`, whose `plainToken` is returned signed"
    META = "a GET with `hub.verify_token`, whose `hub.challenge` is returned"


@dataclass(frozen=True, slots=True, kw_only=True)
class SourceRules:
    """The rules of one type.

    `required` and `optional` are the members of its configuration; without an optional secret,
    nothing but the token in the URL is checked. The event's name and id are in a header or at a
    path of the body. `answer_status`: that of an accepted webhook, where the sender needs another.
    """

    scheme: Scheme | None = None
    required: tuple[str, ...] = ()
    optional: tuple[str, ...] = ()
    event_header: str | None = None
    event_path: tuple[str, ...] = ()
    id_header: str | None = None
    id_path: tuple[str, ...] = ()
    challenge: Challenge | None = None
    answer_status: int = 202


_SECRET: Final = ("secret",)
_STANDARD: Final = SourceRules(
    scheme=StandardWebhooks(), required=_SECRET, event_path=("type",), id_header="webhook-id"
)
_STANDARD_SENDERS: Final = (
    SourceType.BEEHIIV,
    SourceType.BREX,
    SourceType.CLERK,
    SourceType.GUESTY,
    SourceType.INCIDENT_IO,
    SourceType.LITHIC,
    SourceType.NASH,
    SourceType.OPEN_AI,
    SourceType.PLEO,
    SourceType.PSI_FI,
    SourceType.RENDER,
    SourceType.REPLICATE,
    SourceType.RESEND,
    SourceType.SAFEBASE,
    SourceType.SARDINE,
    SourceType.STYCH,
    SourceType.SVIX,
)
_SIGNED_TIME: Final = (Part.TIMESTAMP, ".", Part.BODY)

RULES: Final[dict[SourceType, SourceRules]] = {
    SourceType.GENERIC: SourceRules(),
    **dict.fromkeys(_STANDARD_SENDERS, _STANDARD),
    SourceType.AIRWALLEX: SourceRules(
        scheme=HmacScheme(
            header="x-signature",
            content=(Part.TIMESTAMP, Part.BODY),
            timestamp_header="x-timestamp",
            timestamp_unit_s=0.001,
        ),
        required=_SECRET,
        event_path=("name",),
        id_path=("id",),
        answer_status=200,
    ),
    SourceType.DOCUSIGN: SourceRules(
        # One for each of the account's keys.
        scheme=HmacScheme(
            header="x-docusign-signature-1",
            further_headers=tuple(f"x-docusign-signature-{key}" for key in range(2, 6)),
            encoding=Encoding.BASE64,
        ),
        optional=_SECRET,
        event_path=("event",),
        answer_status=200,
    ),
    SourceType.EASYPOST: SourceRules(
        scheme=HmacScheme(header="x-hmac-signature", prefix="hmac-sha256-hex="),
        optional=_SECRET,
        event_path=("description",),
        id_path=("id",),
    ),
    SourceType.GITHUB: SourceRules(
        scheme=HmacScheme(header="x-hub-signature-256", prefix="sha256="),
        optional=_SECRET,
        event_header="x-github-event",
        id_header="x-github-delivery",
    ),
    SourceType.HUBSPOT: SourceRules(
        scheme=HmacScheme(
            header="x-hubspot-signature-v3",
            content=(Part.METHOD_AND_URL, Part.BODY, Part.TIMESTAMP),
            encoding=Encoding.BASE64,
            timestamp_header="x-hubspot-request-timestamp",
            timestamp_unit_s=0.001,
        ),
        optional=_SECRET,
    ),
    SourceType.MERGE: SourceRules(
        scheme=HmacScheme(header="x-merge-webhook-signature", encoding=Encoding.BASE64_URL),
        required=_SECRET,
        event_path=("hook", "event"),
    ),
    SourceType.META: SourceRules(
        scheme=HmacScheme(header="x-hub-signature-256", prefix="sha256="),
        required=("secret", "verify_token"),
        event_path=("object",),
        challenge=Challenge.META,
        answer_status=200,
    ),
    SourceType.NANGO: SourceRules(
        scheme=HmacScheme(header="x-nango-hmac-sha256"), required=_SECRET, event_path=("type",)
    ),
    SourceType.PANDA_DOC: SourceRules(
        scheme=HmacScheme(header="signature", in_query=True), required=_SECRET
    ),
    SourceType.PORT_IO: SourceRules(
        scheme=HmacScheme(
            header="x-port-signature",
            content=_SIGNED_TIME,
            encoding=Encoding.BASE64,
            prefix="v1,",
            timestamp_header="x-port-timestamp",
        ),
        required=_SECRET,
    ),
    SourceType.RUTTER: SourceRules(
        scheme=HmacScheme(header="x-rutter-signature", encoding=Encoding.BASE64, prefix="sha256="),
        required=_SECRET,
        event_path=("type",),
    ),
    SourceType.SEGMENT: SourceRules(
        scheme=HmacScheme(header="x-signature", digest="sha1"),
        optional=_SECRET,
        event_path=("type",),
        id_path=("messageId",),
    ),
    SourceType.SHOPIFY: SourceRules(
        scheme=HmacScheme(header="x-shopify-hmac-sha256", encoding=Encoding.BASE64),
        required=_SECRET,
        event_header="x-shopify-topic",
        id_header="x-shopify-webhook-id",
        answer_status=200,
    ),
    SourceType.SLACK: SourceRules(
        scheme=HmacScheme(
            header="x-slack-signature",
            content=("v0:", Part.TIMESTAMP, ":", Part.BODY),
            prefix="v0=",
            timestamp_header="x-slack-request-timestamp",
        ),
        required=_SECRET,
        event_path=("event", "type"),
        id_path=("event_id",),
        challenge=Challenge.SLACK,
        answer_status=200,
    ),
    SourceType.STRIPE: SourceRules(
        scheme=HmacScheme(header="stripe-signature", content=_SIGNED_TIME, in_pairs=True),
        required=_SECRET,
        event_path=("type",),
        id_path=("id",),
    ),
    SourceType.TAILSCALE: SourceRules(
        scheme=HmacScheme(
            header="tailscale-webhook-signature",
            content=_SIGNED_TIME,
            in_pairs=True,
            tolerance_s=None,
        ),
        required=_SECRET,
        optional=("timestamp_grace_seconds",),
    ),
    SourceType.VAPI: SourceRules(
        scheme=SharedSecret("x-vapi-secret"),
        required=_SECRET,
        event_path=("message", "type"),
        answer_status=200,
    ),
    SourceType.VERIFF: SourceRules(
        scheme=HmacScheme(header="x-hmac-signature"), required=_SECRET, event_path=("action",)
    ),
    SourceType.ZOOM: SourceRules(
        scheme=HmacScheme(
            header="x-zm-signature",
            content=("v0:", Part.TIMESTAMP, ":", Part.BODY),
            prefix="v0=",
            timestamp_header="x-zm-request-timestamp",
        ),
        required=_SECRET,
        event_path=("event",),
        challenge=Challenge.ZOOM,
        answer_status=200,
    ),
}
