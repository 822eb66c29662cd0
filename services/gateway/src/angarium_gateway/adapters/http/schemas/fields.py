"""Fields that several schemas share, with their limits as the Svix API has them."""

from datetime import datetime
from typing import Annotated, Final

import msgspec
from msgspec import Meta

NAME_PATTERN: Final = r"^[a-zA-Z0-9\-_.]+$(?!\n)"
"""Python's `$` also matches before a last line feed, hence the end of it."""


class ApiSchema(msgspec.Struct, frozen=True, rename="camel"):
    """Base of all schemas. Unknown members of a request are ignored."""


Uid = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=NAME_PATTERN,
        description="Your own identifier, usable in paths instead of the id. Unique among its"
        " kind: 1 to 256 letters, digits, `-`, `_` or `.`.",
    ),
]
EventTypeName = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=NAME_PATTERN,
        description="The name of an event type: 1 to 256 letters, digits, `-`, `_` or `.`.",
        examples=["invoice.paid"],
    ),
]
Channel = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=128,
        pattern=NAME_PATTERN,
        description="A label of messages that endpoints can filter by.",
        examples=["project_1337"],
    ),
]
FeatureFlag = Annotated[
    str,
    Meta(
        min_length=1,
        max_length=256,
        pattern=NAME_PATTERN,
        description="A label of your own. Angarium stores it and does not use it.",
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
        max_length=65536,
        description="The URL that webhooks are posted to: `https://`, unless the operator allows"
        " `http://`.",
        examples=["https://example.com/webhooks"],
    ),
]
Secret = Annotated[
    str,
    Meta(
        pattern=r"^(whsec_|whsk_)?[a-zA-Z0-9+/=]{32,100}$(?!\n)",
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
