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
        description="A name of your own for it, usable wherever its id is",
    ),
]
EventTypeName = Annotated[
    str, Meta(min_length=1, max_length=256, pattern=NAME_PATTERN, examples=["invoice.paid"])
]
Channel = Annotated[
    str, Meta(min_length=1, max_length=128, pattern=NAME_PATTERN, examples=["project_1337"])
]
FeatureFlag = Annotated[str, Meta(min_length=1, max_length=256, pattern=NAME_PATTERN)]
ThrottleRate = Annotated[int, Meta(ge=1, le=65535, description="At most so many messages a second")]
Url = Annotated[
    str, Meta(min_length=1, max_length=65536, examples=["https://example.com/webhooks"])
]
Secret = Annotated[
    str,
    Meta(
        pattern=r"^(whsec_|whsk_)?[a-zA-Z0-9+/=]{32,100}$(?!\n)",
        description="24 to 64 random bytes in base64, `whsec_` before them or not; or an Ed25519"
        " private key as `whsk_` and base64; left out: a `whsec_` is made",
    ),
]


class EndpointFieldsOut(ApiSchema, frozen=True):
    """Fields that answers about ordinary and operational endpoints have in common."""

    id: str
    uid: str | None
    url: str
    description: str
    disabled: bool
    throttle_rate: int | None
    event_types: tuple[str, ...] | None
    metadata: dict[str, str]
    created_at: datetime
    updated_at: datetime
