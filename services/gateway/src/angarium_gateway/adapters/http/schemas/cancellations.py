"""Cancellations on the wire. Angarium's own."""

from typing import Annotated

from msgspec import Meta

from .fields import ApiSchema


class CancelOut(ApiSchema, frozen=True, kw_only=True):
    """The deliveries that were canceled."""

    canceled: Annotated[
        int,
        Meta(
            description="The number of canceled deliveries. A scheduled message counts as one.",
            examples=[1],
        ),
    ]
    done: Annotated[bool, Meta(description="If false, there may be more: repeat the request.")]
