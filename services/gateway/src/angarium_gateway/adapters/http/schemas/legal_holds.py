"""Legal holds on the wire."""

from datetime import datetime
from typing import Annotated

from angarium_contracts.ids import APPLICATION, format_id
from msgspec import Meta

from angarium_gateway.application.legal_holds import LegalHold

from .fields import ApiSchema, RequestSchema


class LegalHoldIn(RequestSchema, frozen=True, kw_only=True):
    """The reason of a hold."""

    reason: Annotated[
        str,
        Meta(
            min_length=1,
            max_length=256,
            description="Such as a case number; requests that the hold refuses are told it.",
        ),
    ]


class LegalHoldOut(ApiSchema, frozen=True, kw_only=True):
    """A legal hold; `appId` is null if it is on all applications. `placedBy` is the id of the API
    key that placed it."""

    app_id: str | None
    reason: str
    placed_by: str
    placed_at: datetime


def legal_hold_out(hold: LegalHold) -> LegalHoldOut:
    """A hold as clients see it."""
    return LegalHoldOut(
        app_id=None if hold.application_id is None else format_id(APPLICATION, hold.application_id),
        reason=hold.reason,
        placed_by=hold.placed_by.hex(),
        placed_at=hold.placed_at,
    )
