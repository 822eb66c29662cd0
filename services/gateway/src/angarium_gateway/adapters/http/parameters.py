"""Path and query parameters, and what they mean."""

import re
from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from angarium_contracts.queries import Page
from litestar.params import PathParameter, QueryParameter

from .problems import Fault, Refused, invalid
from .schemas.fields import NAME_PATTERN, TAG_CHARS_MAX

LIMIT_DEFAULT: Final = 50
LIMIT_MAX: Final = 250
NAME_CHARS_MAX: Final = 256
_NAME: Final = re.compile(NAME_PATTERN)
TIME_PATTERN: Final = (
    r"^\d{4}-\d{2}-\d{2}[Tt ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?([Zz]|[+-]\d{2}:\d{2})?$(?!\n)"
)

NOT_A_TIME: Final = (
    "This is not a time. Write it as 2030-12-31T23:59:59Z. In a query, the `+` of an offset is"
    " written `%2B`."
)
"""Of what is not a time in RFC 3339."""

ApplicationRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The application's id or uid."
    ),
]
EndpointRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The endpoint's id or uid."
    ),
]
MessageRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN,
        max_length=NAME_CHARS_MAX,
        description="The message's id or `eventId`.",
    ),
]
AttemptRef = Annotated[
    str,
    PathParameter(pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The attempt's id."),
]
EventTypeRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The event type's name."
    ),
]

Limit = Annotated[
    int, QueryParameter(ge=1, le=LIMIT_MAX, description="The largest number of items to return.")
]
Iterator = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=512,
        description="`iterator` or `prevIterator` of a page, to read the page after or before it.",
    ),
]
Order = Annotated[
    Literal["ascending", "descending"],
    QueryParameter(description="Oldest (`ascending`) or newest (`descending`) first."),
]
Time = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="Only items before or after this time (RFC 3339, exclusive); UTC if it has no"
        " offset.",
        schema_extra={"format": "date-time"},
    ),
]
ChannelName = Annotated[
    str | None,
    QueryParameter(
        pattern=NAME_PATTERN, max_length=128, description="Only messages with this channel."
    ),
]
TagName = Annotated[
    str | None,
    QueryParameter(
        min_length=1, max_length=TAG_CHARS_MAX, description="Only messages with this tag."
    ),
]
EventTypeNames = Annotated[
    list[str] | None,
    QueryParameter(
        description="Only messages of these event types: one, several separated by commas, or the"
        " parameter repeated."
    ),
]
WithContent = Annotated[
    bool, QueryParameter(description="Include the payload or the response body.")
]


METADATA_KEY_CHARS_MAX: Final = 40
METADATA_VALUE_CHARS_MAX: Final = 500
MetadataKey = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=METADATA_KEY_CHARS_MAX,
        description="Only those whose `metadata` has this member, with the value `metadata_value`.",
    ),
]
MetadataValue = Annotated[
    str | None,
    QueryParameter(
        max_length=METADATA_VALUE_CHARS_MAX,
        description="The value of the member `metadata_key`.",
    ),
]


def ordered_page(
    limit: Limit = LIMIT_DEFAULT, iterator: Iterator = None, order: Order = "ascending"
) -> Page:
    """The part of a list that a request asks for, in an order of its choice."""
    return Page(limit=limit, iterator=iterator, descending=order == "descending")


def ordered_page_from_newest(
    limit: Limit = LIMIT_DEFAULT, iterator: Iterator = None, order: Order = "descending"
) -> Page:
    """The part of a list that a request asks for, newest first unless it says otherwise."""
    return ordered_page(limit, iterator, order)


def metadata_member(
    metadata_key: MetadataKey = None, metadata_value: MetadataValue = None
) -> tuple[str, str] | None:
    """The member of metadata that a list is filtered by. Raises `Refused` (422)."""
    if metadata_key is not None and metadata_value is not None:
        return metadata_key, metadata_value
    if metadata_key is None and metadata_value is None:
        return None
    missing = "metadata_key" if metadata_key is None else "metadata_value"
    message = "Give `metadata_key` and `metadata_value` together."
    raise Refused(invalid(Fault(("query", missing), message)))


def newest_first_page(limit: Limit = LIMIT_DEFAULT, iterator: Iterator = None) -> Page:
    """The part of a list that a request asks for, newest first."""
    return Page(limit=limit, iterator=iterator, descending=True)


def time_of(name: str, text: str | None) -> datetime | None:
    """The time that a query parameter means. Raises `Refused` (422)."""
    if text is None:
        return None
    try:
        at = datetime.fromisoformat(text.upper())
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (ValueError, OverflowError):
        raise Refused(invalid(Fault(("query", name), NOT_A_TIME))) from None


def event_types_of(values: list[str] | None) -> tuple[str, ...] | None:
    """The event types of a parameter that is repeated or has commas. Raises `Refused` (422)."""
    if values is None:
        return None
    names = tuple(dict.fromkeys(name for value in values for name in value.split(",")))
    if any(len(name) > NAME_CHARS_MAX or _NAME.match(name) is None for name in names):
        message = (
            "Separate event types by commas, or repeat the parameter. Each has 1 to"
            f" {NAME_CHARS_MAX} letters (A to Z, a to z), digits, `-`, `_` or `.`."
        )
        raise Refused(invalid(Fault(("query", "event_types"), message)))
    return names
