"""Tests of endpoint filters, on the wire."""

from typing import Annotated, Any

from angarium_contracts.filters import FilterExample, FilterTried
from msgspec import UNSET, Meta, UnsetType
from msgspec.json import encode

from .endpoint_options import Filter
from .fields import ApiSchema, Channel, EventTypeName, RequestSchema, Tag


class FilterTestFields(RequestSchema, frozen=True, kw_only=True):
    """The example message of a test."""

    event_type: EventTypeName
    payload: dict[str, Any]
    channels: Annotated[list[Channel], Meta(min_length=1, max_length=5)] | None = None
    tags: Annotated[list[Tag], Meta(max_length=8)] | None = None


class FilterTestIn(FilterTestFields, frozen=True, kw_only=True):
    """A filter, and the message to test it with."""

    filter: Filter
    metadata: (
        Annotated[
            dict[
                Annotated[str, Meta(min_length=1, max_length=40)],
                Annotated[str, Meta(max_length=500)],
            ],
            Meta(max_length=50, description="The metadata of the message's application."),
        ]
        | None
    ) = None


class EndpointFilterTestIn(FilterTestFields, frozen=True, kw_only=True):
    """The message to test an endpoint's filters with."""

    filter: (
        Annotated[Filter, Meta(description="A filter to test in place of the endpoint's own.")]
        | None
    ) = None


class FilterTestOut(ApiSchema, frozen=True, kw_only=True):
    """The result of a test."""

    match: Annotated[bool, Meta(description="The endpoint would get the message.")]
    error: Annotated[
        str | UnsetType,
        Meta(
            description="Why the filter has no result for this message, which is then not"
            " delivered. Absent if it has one."
        ),
    ] = UNSET


def filter_example(data: FilterTestFields) -> FilterExample:
    """The example in the form of its contract."""
    return FilterExample(
        event_type=data.event_type,
        payload=encode(data.payload),
        channels=tuple(data.channels or ()),
        tags=tuple(data.tags or ()),
    )


def filter_test_out(tried: FilterTried) -> FilterTestOut:
    """A result as clients see it."""
    return FilterTestOut(match=tried.matched, error=UNSET if tried.error is None else tried.error)
