"""What is unhealthy and what waits, on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from angarium_contracts.deliveries import WaitingCounted
from angarium_contracts.ids import APPLICATION, ENDPOINT, format_id
from msgspec import Meta

from angarium_gateway.application.read.overview import SickEndpoint

from .fields import ApiSchema

type ReasonCode = Literal["disabled", "open", "probing", "recovering", "failing"]
_STATES: dict[str, tuple[ReasonCode, str]] = {
    "open": ("open", "It failed so often that nothing is sent to it for a while."),
    "probing": ("probing", "A single attempt tests whether it has recovered."),
    "recovering": ("recovering", "Waiting deliveries are sent to it at a limited rate."),
}


class UnhealthyReason(ApiSchema, frozen=True, kw_only=True):
    """Why an endpoint is not well."""

    code: ReasonCode
    sentence: str


class UnhealthyEndpointOut(ApiSchema, frozen=True, kw_only=True):
    """An endpoint that is disabled, failing, or to which nothing is sent at the moment."""

    app_id: str
    app_uid: str | None
    app_name: str
    endpoint_id: str
    endpoint_uid: str | None
    url: str
    description: str
    reasons: list[UnhealthyReason]
    failing_since: Annotated[
        datetime | None, Meta(description="Its first failure after its last success.")
    ]
    open_until: Annotated[datetime | None, Meta(description="Nothing is sent to it before.")]


class UnhealthyEndpointsOut(ApiSchema, frozen=True, kw_only=True):
    """Unhealthy endpoints, the worst first. `truncated`: there are more."""

    data: list[UnhealthyEndpointOut]
    truncated: bool


class BacklogStats(ApiSchema, frozen=True, kw_only=True):
    """Deliveries that wait, counted up to 10,000."""

    pending_deliveries: int
    parked_deliveries: Annotated[
        int, Meta(description="Those of them that wait for the turn of their endpoint.")
    ]
    oldest_due_at: datetime | None


def unhealthy_out(sick: SickEndpoint) -> UnhealthyEndpointOut:
    """An endpoint as clients see it."""
    health, endpoint, application = sick.health, sick.endpoint, sick.application
    return UnhealthyEndpointOut(
        app_id=format_id(APPLICATION, application.id),
        app_uid=application.uid,
        app_name=application.name,
        endpoint_id=format_id(ENDPOINT, endpoint.id),
        endpoint_uid=endpoint.uid,
        url=endpoint.url,
        description=endpoint.description,
        reasons=_reasons(sick),
        failing_since=health.failing_since,
        open_until=health.open_until,
    )


def backlog_out(counted: WaitingCounted) -> BacklogStats:
    """What waits, as clients see it."""
    return BacklogStats(
        pending_deliveries=counted.pending,
        parked_deliveries=counted.parked,
        oldest_due_at=counted.oldest_due_at,
    )


def _reasons(sick: SickEndpoint) -> list[UnhealthyReason]:
    health, endpoint = sick.health, sick.endpoint
    found: list[UnhealthyReason] = []
    if health.disabled or endpoint.disabled:
        sentence = endpoint.disabled_reason or "It is disabled."
        found.append(UnhealthyReason(code="disabled", sentence=sentence))
    state = _STATES.get(health.state)
    if state is not None:
        found.append(UnhealthyReason(code=state[0], sentence=state[1]))
    if health.failing_since is not None:
        sentence = f"No attempt has succeeded since {health.failing_since:%Y-%m-%d %H:%M} UTC."
        found.append(UnhealthyReason(code="failing", sentence=sentence))
    return found
