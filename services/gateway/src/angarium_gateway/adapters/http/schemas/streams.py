"""Streams, their sinks and their events on the wire."""

from datetime import UTC, datetime
from typing import Annotated, Final, Literal

from angarium_contracts.configuration import Application, Endpoint, EventType
from angarium_contracts.ids import STREAM, created_at_ms, format_id
from msgspec import UNSET, Meta, UnsetType

from angarium_gateway.application.read.poll_messages import PolledPage

from .endpoint_secrets import EndpointHeadersOut, Headers
from .event_types import FeatureFlags
from .fields import ApiSchema, EventTypeName, RequestSchema, Uid
from .portal_access import Delay, SessionId, SessionIds, TokenFlags, Validity
from .sinks import SinkFieldsIn, SinkFieldsOut, SinkFieldsPatch, fields_of_sink, is_polled

POLLED: Final = "poller"
PUSHED: Final = "http"
EVENTS_MAX: Final = 1_000

StreamName = Annotated[
    str, Meta(min_length=1, description="A name for people to read.", examples=["Orders"])
]
SinkType = Annotated[
    Literal["poller", "http"],
    Meta(
        description="`http`: each event in a request of its own, in order, to `config.url`."
        " `poller`: events that are polled. It cannot be changed."
    ),
]


class StreamIn(RequestSchema, frozen=True, kw_only=True):
    """A stream to create, or to replace an existing one with."""

    name: StreamName
    uid: Uid | None = None
    metadata: dict[str, str] | None = None


class StreamPatch(RequestSchema, frozen=True, kw_only=True):
    """Changes of a stream; what is left out stays as it is."""

    name: StreamName | UnsetType = UNSET
    uid: Uid | UnsetType | None = UNSET
    metadata: dict[str, str] | UnsetType | None = UNSET


class StreamOut(ApiSchema, frozen=True, kw_only=True):
    """A stream: events in order, for each of its sinks."""

    id: Annotated[
        str,
        Meta(
            description="In paths below `/api/v1/app/`, it stands for the application that the"
            " stream is.",
            examples=["strm_05jHR6TnRzUGhKWN8Ckr5D"],
        ),
    ]
    uid: str | None
    name: str
    created_at: datetime
    updated_at: datetime
    metadata: dict[str, str]


class EventIn(RequestSchema, frozen=True, kw_only=True):
    """An event."""

    event_type: EventTypeName
    payload: Annotated[
        str,
        Meta(
            min_length=1,
            description="The content, which sinks get byte for byte: JSON, or any other text.",
        ),
    ]


class CreateStreamEventsIn(RequestSchema, frozen=True, kw_only=True):
    """Events, in order."""

    events: Annotated[list[EventIn], Meta(min_length=1, max_length=EVENTS_MAX)]
    stream: Annotated[
        StreamIn | None,
        Meta(description="Creates the stream if the path names none that exists."),
    ] = None


class CreateStreamEventsOut(ApiSchema, frozen=True, kw_only=True):
    """All events are stored."""


class EventOut(ApiSchema, frozen=True, kw_only=True):
    """An event."""

    event_type: str
    payload: str
    timestamp: datetime


class EventStreamOut(ApiSchema, frozen=True, kw_only=True):
    """A page of events, in order."""

    data: list[EventOut]
    iterator: Annotated[
        str, Meta(description="Pass it with the next request. There is one on an empty page, too.")
    ]
    done: Annotated[bool, Meta(description="False if there are more events now.")]


class StreamSinkIn(SinkFieldsIn, frozen=True, kw_only=True):
    """A sink to create, or to replace an existing one with."""

    type: SinkType


class StreamSinkPatch(SinkFieldsPatch, frozen=True, kw_only=True):
    """Changes of a sink. `type` must be the type that it has."""

    type: SinkType


class StreamSinkOut(SinkFieldsOut, frozen=True, kw_only=True):
    """A sink: where the events of a stream go."""

    type: SinkType


class HttpSinkHeadersPatchIn(RequestSchema, frozen=True, kw_only=True):
    """Headers to add or change; the others stay."""

    headers: Headers


class StreamEventTypeIn(RequestSchema, frozen=True, kw_only=True):
    """An event type to create, or to change."""

    name: EventTypeName
    description: str | None = None
    deprecated: bool | None = None
    archived: bool | None = None
    feature_flags: FeatureFlags | None = None


class StreamEventTypePatch(RequestSchema, frozen=True, kw_only=True):
    """Changes of an event type; what is left out stays as it is."""

    description: str | UnsetType | None = UNSET
    deprecated: bool | UnsetType | None = UNSET
    archived: bool | UnsetType | None = UNSET
    feature_flags: FeatureFlags | UnsetType | None = UNSET


class StreamEventTypeOut(ApiSchema, frozen=True, kw_only=True):
    """An event type of events and messages."""

    name: str
    description: str
    created_at: datetime
    updated_at: datetime
    deprecated: bool
    archived: bool
    feature_flags: tuple[str, ...] | None


class StreamPortalAccessIn(RequestSchema, frozen=True, kw_only=True):
    """What a new portal token of a stream sees, and for how long."""

    feature_flags: TokenFlags | None = None
    expiry: Validity | None = None
    session_id: SessionId | None = None


class StreamTokenExpireIn(RequestSchema, frozen=True, kw_only=True):
    """Which portal tokens of a stream to expire, and when."""

    expiry: Delay | None = None
    session_ids: SessionIds | None = None


def stream_out(stream: Application) -> StreamOut:
    """A stream as clients see it."""
    return StreamOut(
        id=format_id(STREAM, stream.id),
        uid=stream.uid,
        name=stream.name,
        created_at=stream.created_at,
        updated_at=stream.updated_at,
        metadata=stream.metadata,
    )


def sink_out(endpoint: Endpoint, headers: EndpointHeadersOut) -> StreamSinkOut:
    """An endpoint as clients see it as a sink."""
    kind: SinkType = POLLED if is_polled(endpoint) else PUSHED
    return StreamSinkOut(type=kind, **fields_of_sink(endpoint, headers))


def events_out(page: PolledPage) -> EventStreamOut:
    """A page of polled messages as events."""
    return EventStreamOut(
        data=[
            EventOut(
                event_type=message.event_type,
                payload="" if message.payload is None else bytes(message.payload).decode(),
                timestamp=datetime.fromtimestamp(created_at_ms(message.id) / 1000, UTC),
            )
            for message in page.messages
        ],
        iterator=page.iterator,
        done=page.done,
    )


def stream_event_type_out(event_type: EventType) -> StreamEventTypeOut:
    """An event type as clients see it as one of streams."""
    names = StreamEventTypeOut.__struct_fields__
    return StreamEventTypeOut(**{name: getattr(event_type, name) for name in names})
