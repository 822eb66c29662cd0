"""Payloads of operational webhooks, as defined by the Svix API.

`EndpointCreatedEvent`, `EndpointUpdatedEvent`, `EndpointDeletedEvent`, `EndpointDisabledEvent`,
`MessageAttemptExhaustedEvent`, `MessageAttemptFailingEvent` and `MessageAttemptRecoveredEvent` of
its OpenAPI document. A field that may be null is omitted instead. `lastAttempt` of a
failure also has the `explanation` that attempts have.
"""

from datetime import UTC, datetime

import msgspec
from angarium_contracts.ids import (
    APPLICATION,
    ATTEMPT,
    ENDPOINT,
    MESSAGE,
    created_at_ms,
    format_id,
)
from angarium_contracts.operational import ENDPOINT_DISABLED, OperationalEvent
from msgspec import UNSET, UnsetType

from angarium_gateway.application.tenants.publish_operational_events import IncompleteEvent

from .explanations import ExplanationOut, explanation_out

_encoder = msgspec.json.Encoder()


class _LastAttempt(msgspec.Struct, frozen=True, rename="camel"):
    id: str
    response_status_code: int
    timestamp: datetime
    explanation: ExplanationOut | UnsetType = UNSET


class _Data(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    app_id: str
    app_uid: str | UnsetType = UNSET
    endpoint_id: str
    endpoint_uid: str | UnsetType = UNSET
    fail_since: datetime | UnsetType = UNSET
    msg_id: str | UnsetType = UNSET
    msg_event_id: str | UnsetType = UNSET
    last_attempt: _LastAttempt | UnsetType = UNSET


class _Event(msgspec.Struct, frozen=True):
    type: str
    data: _Data


def operational_payload(
    event: OperationalEvent,
    *,
    application_uid: str | None,
    message_event_id: str | None,
    documentation_url: str | None = None,
) -> bytes:
    """The JSON text of an event. Raises `IncompleteEvent`."""
    data = _Data(
        app_id=format_id(APPLICATION, event.application_id),
        app_uid=_or_unset(application_uid),
        endpoint_id=format_id(ENDPOINT, event.endpoint_id),
    )
    if event.type.startswith("message.attempt."):
        data = _of_attempt(data, event, message_event_id, documentation_url)
    else:
        data = msgspec.structs.replace(
            data,
            endpoint_uid=_or_unset(event.endpoint_uid),
            fail_since=_fail_since(event) if event.type == ENDPOINT_DISABLED else UNSET,
        )
    return _encoder.encode(_Event(event.type, data))


def _of_attempt(
    data: _Data,
    event: OperationalEvent,
    message_event_id: str | None,
    documentation_url: str | None,
) -> _Data:
    if event.message_id is None or event.attempt_id is None or event.attempted_at is None:
        raise IncompleteEvent(f"{event.type} without message_id, attempt_id or attempted_at")
    return msgspec.structs.replace(
        data,
        msg_id=format_id(MESSAGE, event.message_id),
        msg_event_id=_or_unset(message_event_id),
        last_attempt=_LastAttempt(
            format_id(ATTEMPT, event.attempt_id),
            event.response_status,
            event.attempted_at,
            explanation_out(event.explanation, documentation_url),
        ),
    )


def _fail_since(event: OperationalEvent) -> datetime:
    """The time of the first failure. An endpoint that was disabled at its first failure (410 Gone)
    has none on record; the event's own time is used."""
    if event.failing_since is not None:
        return event.failing_since
    return datetime.fromtimestamp(created_at_ms(event.id) / 1000, UTC)


def _or_unset(text: str | None) -> str | UnsetType:
    return UNSET if text is None else text
