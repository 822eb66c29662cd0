"""Events of the stream on the wire."""

from datetime import UTC, datetime
from typing import assert_never

import msgspec
from angarium_contracts.attempts import Attempt
from angarium_contracts.directory import EndpointState
from angarium_contracts.ids import APPLICATION, ATTEMPT, ENDPOINT, MESSAGE, format_id
from msgspec import UNSET, UnsetType

from angarium_gateway.application.feed.feed_events import AcceptedMessage, FeedEvent

from .explanations import ExplanationOut, explanation_out
from .fields import ApiSchema


class MessageAcceptedEvent(ApiSchema, frozen=True, kw_only=True):
    """`message.accepted`: a message was accepted."""

    id: str
    app_id: str
    event_type: str
    event_id: str | None
    channels: tuple[str, ...] | None
    tags: tuple[str, ...] | None
    deliver_at: datetime | UnsetType = UNSET
    timestamp: datetime


class AttemptEvent(ApiSchema, frozen=True, kw_only=True):
    """`attempt.succeeded`, `attempt.failed` or `message.exhausted`: an attempt was made."""

    id: str
    app_id: str | None
    msg_id: str
    endpoint_id: str
    event_type: str
    attempt_number: int
    response_status_code: int
    response_duration_ms: int
    failure_reason: str | None
    next_attempt: datetime | None
    timestamp: datetime
    explanation: ExplanationOut | UnsetType = UNSET


class EndpointEvent(ApiSchema, frozen=True, kw_only=True):
    """`endpoint.changed`, `endpoint.disabled` or `endpoint.deleted`: how an endpoint is now.
    `version` grows with each change."""

    id: str
    app_id: str
    disabled: bool
    version: int
    timestamp: datetime


def event_data(event: FeedEvent, documentation_url: str | None) -> bytes:
    """The data of an event, as JSON on one line."""
    return msgspec.json.encode(_event_out(event, documentation_url))


def _event_out(event: FeedEvent, documentation_url: str | None) -> ApiSchema:
    subject = event.subject
    timestamp = datetime.fromtimestamp(event.at_ms / 1000, UTC)
    match subject:
        case AcceptedMessage():
            message = subject.message
            return MessageAcceptedEvent(
                id=format_id(MESSAGE, message.id),
                app_id=format_id(APPLICATION, subject.application_id),
                event_type=message.event_type,
                event_id=message.event_id,
                channels=message.channels,
                tags=message.tags,
                deliver_at=UNSET if message.deliver_at is None else message.deliver_at,
                timestamp=timestamp,
            )
        case Attempt():
            application_id = subject.application_id
            return AttemptEvent(
                id=format_id(ATTEMPT, subject.id),
                app_id=None if application_id is None else format_id(APPLICATION, application_id),
                msg_id=format_id(MESSAGE, subject.message_id),
                endpoint_id=format_id(ENDPOINT, subject.endpoint_id),
                event_type=subject.event_type,
                attempt_number=subject.number,
                response_status_code=subject.response_status,
                response_duration_ms=subject.duration_ms,
                failure_reason=subject.failure_reason,
                next_attempt=subject.next_attempt_at,
                timestamp=subject.ended_at,
                explanation=explanation_out(subject.explanation, documentation_url),
            )
        case EndpointState():
            return EndpointEvent(
                id=format_id(ENDPOINT, subject.id),
                app_id=format_id(APPLICATION, subject.application_id),
                disabled=subject.disabled,
                version=subject.version,
                timestamp=timestamp,
            )
        case _:
            assert_never(subject)
