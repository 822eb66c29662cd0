"""Fields that several schemas share, with their limits as the Svix API has them."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from angarium_webhooks.endpoint_url import URL_CHARS_MAX
from msgspec import Meta

NAME_PATTERN: Final = r"^[a-zA-Z0-9\-_.]+$(?!\n)"
"""Of names in paths and filters. Python's `$` also matches before a last line feed, hence the end
of it."""
NEW_NAME_PATTERN: Final = r"^\.*[a-zA-Z0-9\-_][a-zA-Z0-9\-_.]*$(?!\n)"
"""Of names that are given to objects. Clients take `.` and `..` out of a path before they send it
(RFC 3986, section 5.2.4), so that an object of such a name could not be addressed."""
EVENT_ID_PATTERN: Final = (
    r"^(?!msg_|(?:batch|bulk-expunge|expunge-all-contents)$)"
    r"\.*[a-zA-Z0-9\-_][a-zA-Z0-9\-_.]*$(?!\n)"
)
"""Of eventIds, which must not be the id of another message, nor what stands in its place in the
path of another operation: /app/{app_id}/msg/batch is no message."""

DISTINCT: Final = {"uniqueItems": True}
"""The document's mark of a list without repeats."""
REMEDY: Final = "remedy"
"""Key in a field's `extra`: the sentence that a refused text gets."""
NAME_REMEDY: Final = (
    "Use 1 to 256 letters (A to Z, a to z), digits, `-`, `_` or `.`, at least one of which is not"
    " a dot."
)


class ApiSchema(msgspec.Struct, frozen=True, rename="camel"):
    """Base of all schemas."""


class RequestSchema(ApiSchema, frozen=True, forbid_unknown_fields=True):
    """Base of all request bodies. Unknown members are refused: a misspelt one must not be dropped.

    Every member that may be left out may also be `null`, which means the same unless the member's
    type has a meaning of its own for it.
    """


Uid = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=NEW_NAME_PATTERN,
        extra={REMEDY: NAME_REMEDY},
        description="Your own identifier, usable in paths instead of the id. Unique among its"
        " kind: 1 to 256 letters, digits, `-`, `_` or `.`, not only dots.",
    ),
]
EventTypeName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=NEW_NAME_PATTERN,
        extra={REMEDY: NAME_REMEDY},
        description="The name of an event type: 1 to 256 letters, digits, `-`, `_` or `.`, not only"
        " dots.",
        examples=["invoice.paid"],
    ),
]
Channel = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=NAME_PATTERN,
        extra={REMEDY: "Use 1 to 128 letters (A to Z, a to z), digits, `-`, `_` or `.`."},
        description="A label of messages that endpoints can filter by.",
        examples=["project_1337"],
    ),
]
TAG_CHARS_MAX: Final = 1024
Tag = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=TAG_CHARS_MAX,
        description="A label of messages that lists of messages can filter by: any text.",
        examples=["project_1337"],
    ),
]
FeatureFlag = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=NAME_PATTERN,
        extra={REMEDY: "Use 1 to 256 letters (A to Z, a to z), digits, `-`, `_` or `.`."},
        description="A label of your own. Portal tokens see event types with a feature flag only if"
        " they were created with it.",
    ),
]
ThrottleRate = Annotated[
    int,
    Meta(
        ge=1,
        le=65535,
        description="The largest number of messages sent per second; `null` means that of the"
        " application, if it has one.",
    ),
]
Url = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=URL_CHARS_MAX,
        description="The URL that webhooks are posted to: `https://`, unless the operator allows"
        " `http://`. `poll://messages` for an endpoint whose messages are polled.",
        examples=["https://example.com/webhooks"],
    ),
]
Secret = Annotated[
    str,
    Meta(
        pattern=r"^(whsec_|whsk_)?[a-zA-Z0-9+/=]{32,100}$(?!\n)",
        extra={
            REMEDY: "Give `whsec_` and the base64 (with `+` and `/`, on one line) of 24 to 64"
            " random bytes, or `whsk_` and the base64 of an Ed25519 private key."
        },
        description="The key that signs webhooks: 24 to 64 random bytes in base64, optionally"
        " with the prefix `whsec_`, or an Ed25519 private key in base64 with the prefix `whsk_`."
        " One is generated if it is left out.",
    ),
]
FilterTypesOut = Annotated[
    tuple[str, ...] | None,
    Meta(description="The same as `eventTypes`, for clients of version 1."),
]
RateLimitOut = Annotated[
    int | None, Meta(description="The same as `throttleRate`, for clients of version 1.")
]


class EndpointFieldsOut(ApiSchema, frozen=True):
    """Fields that answers about ordinary and operational endpoints have in common."""

    id: str
    uid: str | None
    url: str
    description: str
    disabled: bool
    throttle_rate: int | None
    rate_limit: RateLimitOut
    event_types: tuple[str, ...] | None
    filter_types: FilterTypesOut
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
