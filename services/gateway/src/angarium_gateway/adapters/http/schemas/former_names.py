"""Members of version 1 of the Svix API that have other names since: filterTypes and rateLimit.

`current_names.py` reads them.
"""

from typing import Annotated, Final, Literal

from msgspec import UNSET, Meta, UnsetType

from .fields import DISTINCT, EventTypeName, RequestSchema, ThrottleRate

FORMER_NAMES: Final = {"filter_types": "event_types", "rate_limit": "throttle_rate"}
"""Former names and the current ones."""

FilterTypes = Annotated[
    list[EventTypeName],
    Meta(
        min_length=1,
        extra_json_schema=DISTINCT,
        description="The former name of `eventTypes`, for clients of version 1.",
    ),
]
FormerRate = Annotated[
    ThrottleRate, Meta(description="The former name of `throttleRate`, for clients of version 1.")
]
EndpointVersion = Annotated[
    Literal[1], Meta(description="Always 1, for clients of version 1, which expect it.")
]


class FormerApplicationNames(RequestSchema, frozen=True, kw_only=True):
    """Of requests about applications."""

    rate_limit: FormerRate | UnsetType | None = UNSET


class FormerEndpointNames(RequestSchema, frozen=True, kw_only=True):
    """Of requests about endpoints."""

    filter_types: FilterTypes | UnsetType | None = UNSET
    rate_limit: FormerRate | UnsetType | None = UNSET
