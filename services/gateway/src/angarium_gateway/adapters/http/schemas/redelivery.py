"""Deliveries that people ask for, and how an endpoint is delivered to, on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from angarium_contracts.deliveries import EndpointDeliveryState
from msgspec import Meta

from .fields import ApiSchema, EventTypeName

type DeliveryStateName = Literal["delivering", "waiting", "open", "probing", "recovering"]


class EmptyResponse(ApiSchema, frozen=True, kw_only=True):
    pass


class EventExampleIn(ApiSchema, frozen=True, kw_only=True):
    event_type: EventTypeName
    example_index: (
        Annotated[
            int, Meta(ge=0, le=1000, description="Which of the schema's `examples`: 0 is the first")
        ]
        | None
    ) = None
    payload: (
        Annotated[dict[str, Any], Meta(description="In place of the type's example")] | None
    ) = None


class EndpointStats(ApiSchema, frozen=True, kw_only=True):
    """Deliveries by state: `pending` have failed so far or wait, `sending` are being attempted,
    `fail` are exhausted."""

    success: int
    pending: int
    sending: int
    fail: int
    canceled: int


class EndpointDeliveryStateOut(ApiSchema, frozen=True, kw_only=True):
    state: Annotated[
        DeliveryStateName,
        Meta(
            description="`delivering`; `waiting`: more is parked than it takes; `open`: it failed"
            " so often that nothing is sent before `openUntil`; `probing`: one attempt tells;"
            " `recovering`: what is parked follows at a measured pace"
        ),
    ]
    parked: Annotated[int, Meta(description="Deliveries that wait for their turn; up to 10,000")]
    scheduled: Annotated[int, Meta(description="Deliveries that wait for their time; up to 10,000")]
    concurrency_limit: Annotated[
        int | None, Meta(description="Requests at once that it gets at the moment")
    ]
    open_until: datetime | None
    failing_since: Annotated[
        datetime | None, Meta(description="Its first failure after its last success")
    ]


def delivery_state_out(state: EndpointDeliveryState) -> EndpointDeliveryStateOut:
    """A state as clients see it."""
    return EndpointDeliveryStateOut(
        state=cast("DeliveryStateName", state.state),
        parked=state.parked,
        scheduled=state.scheduled,
        concurrency_limit=state.concurrency_limit,
        open_until=state.open_until,
        failing_since=state.failing_since,
    )
