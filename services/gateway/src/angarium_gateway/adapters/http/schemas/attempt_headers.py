"""Headers of attempts on the wire.

`sensitive`, `sentHeaders` and `responseHeaders` are as in the Svix API, whose SDKs once had a call
for them; the other members are ours.
"""

from collections.abc import Sequence
from typing import Annotated

from angarium_contracts.attempts import AttemptHeaders, Header
from msgspec import Meta

from .fields import ApiSchema

type _Header = Annotated[list[str], Meta(min_length=2, max_length=2)]
"""Name and value. A list, because few readers of documents know arrays of positions."""


class MessageAttemptHeadersOut(ApiSchema, frozen=True, kw_only=True):
    """The headers of an attempt's request, and of its response."""

    url: str
    method: Annotated[
        str | None, Meta(description="`null` if no request was sent.", examples=["POST"])
    ]
    http_version: Annotated[str | None, Meta(description="Of the request.", examples=["1.1"])]
    sent_headers: Annotated[
        dict[str, str],
        Meta(description="The headers of the request, but for those in `sensitive`."),
    ]
    sensitive: Annotated[
        tuple[str, ...],
        Meta(
            description="The headers that were sent with values that are never stored: the"
            " endpoint's own and its authentication."
        ),
    ]
    response_status_code: Annotated[int, Meta(description="0 if no response came.")]
    response_status_text: Annotated[
        str | None,
        Meta(description="The reason phrase of the response's status.", examples=["Bad Gateway"]),
    ]
    response_http_version: str | None
    response_headers: Annotated[
        tuple[_Header, ...] | None,
        Meta(
            description="Names and values of the response's headers in their order, some of which"
            " may repeat; `null` if no response came."
        ),
    ]
    truncated: Annotated[
        bool, Meta(description="True if a head had more than the 4 KiB that are stored.")
    ]
    stored: Annotated[
        bool,
        Meta(
            description="False if no headers are stored: they were deleted, or the attempt was not"
            " made by HTTP or by an earlier version."
        ),
    ]


def attempt_headers_out(headers: AttemptHeaders) -> MessageAttemptHeadersOut:
    """The headers of an attempt as clients see them."""
    received = headers.received
    return MessageAttemptHeadersOut(
        url=headers.url,
        method=headers.method,
        http_version=headers.http_version,
        sent_headers=_by_name(headers.sent),
        sensitive=headers.withheld,
        response_status_code=headers.response_status,
        response_status_text=headers.reason_phrase,
        response_http_version=headers.response_http_version,
        response_headers=None
        if received is None
        else tuple([[each.name, each.value] for each in received]),
        truncated=headers.truncated,
        stored=headers.recorded,
    )


def _by_name(headers: Sequence[Header]) -> dict[str, str]:
    """Values of a name that repeats are joined (RFC 9110, section 5.2)."""
    found: dict[str, str] = {}
    for each in headers:
        known = found.get(each.name)
        found[each.name] = each.value if known is None else f"{known}, {each.value}"
    return found
