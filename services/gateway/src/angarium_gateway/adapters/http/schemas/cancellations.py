"""What was cancelled, on the wire. Angarium's own."""

from typing import Annotated

from msgspec import Meta

from .fields import ApiSchema


class CancelOut(ApiSchema, frozen=True, kw_only=True):
    canceled: Annotated[
        int,
        Meta(
            description="How many deliveries; a message that waited for its time counts as one",
            examples=[1],
        ),
    ]
    done: Annotated[bool, Meta(description="False: there may be more; ask again")]
