"""Deliveries that people ask for, and how an endpoint is delivered to, on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal, cast

from angarium_contracts.deliveries import EndpointDeliveryState
from msgspec import Meta

from angarium_gateway.application.redelivery.preview_redelivery import RedeliveryPreview

from .fields import ApiSchema, EventTypeName, RequestSchema

type DeliveryStateName = Literal["delivering", "waiting", "open", "probing", "recovering"]


class EmptyResponse(ApiSchema, frozen=True, kw_only=True):
    """An empty object."""


class EventExampleIn(RequestSchema, frozen=True, kw_only=True):
    """The example to send."""

    event_type: EventTypeName
    example_index: (
        Annotated[
            int,
            Meta(
                ge=0,
                le=1000,
                description="The position in the schema's `examples`; 0, the first, by default.",
            ),
        ]
        | None
    ) = None
    payload: (
        Annotated[dict[str, Any], Meta(description="A payload to send instead of the example.")]
        | None
    ) = None


class EndpointStats(ApiSchema, frozen=True, kw_only=True):
    """Numbers of deliveries by state.

    `pending` ones wait for their first attempt, `sending` ones are being attempted or wait for
    their next attempt, and `fail` counts those that used up their retries.
    """

    success: int
    pending: int
    sending: int
    fail: int
    canceled: int


class EndpointDeliveryStateOut(ApiSchema, frozen=True, kw_only=True):
    """The delivery state of an endpoint, and the deliveries that wait for it."""

    state: Annotated[
        DeliveryStateName,
        Meta(
            description="`delivering`: deliveries are sent as they come. `waiting`: some wait for a"
            " limit or for their turn. `open`: it failed so often that nothing is sent before"
            " `openUntil`. `probing`: a single attempt tests whether it has recovered."
            " `recovering`: waiting deliveries are sent at a limited rate."
        ),
    ]
    parked: Annotated[
        int, Meta(description="Deliveries that wait for their turn, counted up to 10,000.")
    ]
    scheduled: Annotated[
        int, Meta(description="Deliveries that wait for their next attempt, counted up to 10,000.")
    ]
    concurrency_limit: Annotated[
        int | None,
        Meta(
            description="The largest number of concurrent requests at the moment; `null`: no limit."
        ),
    ]
    open_until: datetime | None
    failing_since: Annotated[
        datetime | None,
        Meta(description="The first failure since the last success; `null` if it is not failing."),
    ]


class PreviewedEventType(ApiSchema, frozen=True, kw_only=True):
    """The messages of an event type that would be sent."""

    event_type: str
    messages: int


class RedeliveryPreviewOut(ApiSchema, frozen=True, kw_only=True):
    """What a task would send, if it was started now."""

    messages: Annotated[int, Meta(description="Messages that would be sent.")]
    delivered: Annotated[
        int, Meta(description="Of these, those that were delivered to the endpoint before.")
    ]
    pending: Annotated[
        int, Meta(description="Of these, those whose delivery waits or is being made already.")
    ]
    expunged: Annotated[
        int, Meta(description="Messages that would be left out: their content was deleted.")
    ]
    examined: int
    complete: Annotated[
        bool,
        Meta(
            description="`false`: there are more messages than are examined for a preview, 10,000"
            " or what 3 seconds allow, and the numbers are of the first ones."
        ),
    ]
    event_types: Annotated[
        list[PreviewedEventType], Meta(description="By number, the most frequent 50.")
    ]
    oldest: datetime | None
    newest: datetime | None


def preview_out(preview: RedeliveryPreview) -> RedeliveryPreviewOut:
    """A preview as clients see it."""
    return RedeliveryPreviewOut(
        messages=preview.messages,
        delivered=preview.delivered,
        pending=preview.pending,
        expunged=preview.expunged,
        examined=preview.examined,
        complete=preview.complete,
        event_types=[
            PreviewedEventType(event_type=name, messages=count)
            for name, count in preview.by_type.most_common(50)
        ],
        oldest=preview.oldest,
        newest=preview.newest,
    )


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
