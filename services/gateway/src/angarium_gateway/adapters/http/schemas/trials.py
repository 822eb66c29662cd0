"""Trials of what a client is about to save: a URL, a schema."""

from typing import Annotated, Any

from msgspec import Meta

from .fields import ApiSchema, RequestSchema


class UrlCheckIn(RequestSchema, frozen=True, kw_only=True):
    """The URL to check."""

    url: Annotated[
        str, Meta(min_length=1, max_length=2_048, examples=["https://example.com/webhooks"])
    ]


class UrlAddressOut(ApiSchema, frozen=True, kw_only=True):
    """An address of the host, and the rule that allows or refuses it."""

    address: str
    allowed: bool
    rule: str


class UrlCheckOut(ApiSchema, frozen=True, kw_only=True):
    """Whether webhooks could be delivered to a URL."""

    accepted: bool
    url: Annotated[
        str | None,
        Meta(description="The URL as it would be saved; `null` if it would be refused then."),
    ]
    conclusion: Annotated[str, Meta(description="The result in sentences, with what to change.")]
    addresses: Annotated[
        list[UrlAddressOut],
        Meta(description="The addresses of the host; portal tokens are not told them."),
    ]


class SchemaTestIn(RequestSchema, frozen=True, kw_only=True):
    """A JSON schema, and an example of a payload."""

    schema: Annotated[dict[str, Any], Meta(description="The JSON schema.")]
    example: Annotated[Any, Meta(description="The payload to check against it.")]


class SchemaFaultOut(ApiSchema, frozen=True, kw_only=True):
    """A place where the example does not fit."""

    loc: list[str]
    msg: str


class SchemaTestOut(ApiSchema, frozen=True, kw_only=True):
    """Whether the example fits the schema."""

    valid: bool
    faults: Annotated[list[SchemaFaultOut], Meta(description="The first 20 faults.")]
