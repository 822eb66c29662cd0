"""/api/v1/app/{app_id}/events and /api/v1/events: server-sent events."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from typing import Annotated, Any, Final

from angarium_chassis.database.columns import to_micros
from angarium_contracts.ids import ENDPOINT, parse_id
from litestar import Controller, Request, get
from litestar.openapi.datastructures import ResponseSpec
from litestar.params import HeaderParameter, QueryParameter
from litestar.response import Stream

from angarium_gateway.application.feed.event_feed import EventFeed, FeedPage, resumed
from angarium_gateway.application.feed.feed_events import EventKind, FeedPosition, FeedScope
from angarium_gateway.application.feed.listeners import TooMany
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.unavailable import JournalUnavailable

from .api_key_authentication import bearer_token
from .dependencies import Api, ApiDependencies, CurrentCaller
from .head_requests import HEAD_ONLY
from .messages import application_of
from .parameters import (
    TIME_PATTERN,
    ApplicationRef,
    EventTypeNames,
    event_types_of,
    time_of,
)
from .problems import Fault, Refused, invalid, problem_answer
from .schemas.event_stream import event_data

MEDIA_TYPE: Final = "text/event-stream"
ROUND_S: Final = 0.4
"""How often the token is checked, and the ledgers are read: a token that was revoked is refused
within a second."""
READ_SHARE: Final = 4
"""Reading that takes long is followed by a pause so many times as long."""
HEARTBEAT_S: Final = 10.0
RETRY_AFTER_S: Final = 5
_HELLO: Final = b"retry: 2000\n: connected\n\n"
_HEARTBEAT: Final = b": heartbeat\n\n"
_WAITING: Final = b": waiting for a part of the platform that does not answer\n\n"
_FULL: Final = b": too many listeners\n\n"

Kinds = Annotated[
    list[str] | None,
    QueryParameter(
        description="Only these types of events: one, several separated by commas, or the"
        " parameter repeated. `message.accepted`, `attempt.succeeded`, `attempt.failed`,"
        " `message.exhausted`, `endpoint.changed`, `endpoint.disabled`, `endpoint.deleted`."
    ),
]
OneEndpoint = Annotated[
    str | None,
    QueryParameter(
        min_length=1,
        max_length=256,
        description="Only attempts at this endpoint and changes of it, by its id.",
    ),
]
Since = Annotated[
    str | None,
    QueryParameter(
        pattern=TIME_PATTERN,
        description="Begin with the messages and attempts from this time on (RFC 3339), as far as"
        " they are kept; UTC if it has no offset. Changes of endpoints begin with the present.",
        schema_extra={"format": "date-time"},
    ),
]
LastEventId = Annotated[
    str | None,
    HeaderParameter(
        name="Last-Event-ID",
        max_length=64,
        description="The `id` of the last event that was received, to go on after it. Events of"
        " the 15 seconds before may come again.",
    ),
]
_RESPONSES: Final = {
    200: ResponseSpec(
        data_container=str,
        description="Server-sent events, until the client or the server closes the connection.",
        media_type=MEDIA_TYPE,
        generate_examples=False,
    )
}


class EventStreamController(Controller):
    """Streams of events, for consoles and command lines that show what happens."""

    tags = ("Event Stream",)

    @get(
        "/api/v1/app/{app_id:str}/events",
        operation_id="v1.event-stream.application",
        summary="Follow an application",
        media_type=MEDIA_TYPE,
        responses=_RESPONSES,
    )
    async def follow_application(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        types: Kinds = None,
        endpoint_id: OneEndpoint = None,
        event_types: EventTypeNames = None,
        since: Since = None,
        last_event_id: LastEventId = None,
    ) -> Stream:
        """Streams what happens in an application as server-sent events: messages accepted,
        attempts made, deliveries exhausted, endpoints changed.

        Each event has an `id`. After a lost connection, send the last one as `Last-Event-ID`:
        nothing that happened meanwhile is missed. An event can come twice; two with the same
        `event` and the same `id` (of endpoints, and `version`) in their data are the same.
        """
        application = await application_of(api, caller.tenant_id, app_id)
        scope = _scope(caller, application.id, types, endpoint_id, event_types)
        return _stream(request, api, scope, _position(api, since, last_event_id))

    @get(
        "/api/v1/events",
        operation_id="v1.event-stream.tenant",
        summary="Follow all applications",
        media_type=MEDIA_TYPE,
        responses=_RESPONSES,
    )
    async def follow_tenant(
        self,
        request: Request[Caller, bytes, Any],
        api: Api,
        caller: CurrentCaller,
        types: Kinds = None,
        endpoint_id: OneEndpoint = None,
        event_types: EventTypeNames = None,
        since: Since = None,
        last_event_id: LastEventId = None,
    ) -> Stream:
        """Streams what happens in all applications as server-sent events, in the form that *Follow
        an application* describes."""
        scope = _scope(caller, None, types, endpoint_id, event_types)
        return _stream(request, api, scope, _position(api, since, last_event_id))


@dataclass(slots=True)
class _Listening:
    """One open stream."""

    request: Request[Caller, bytes, Any]
    api: ApiDependencies
    scope: FeedScope
    position: FeedPosition
    _reading: asyncio.Task[FeedPage] | None = field(default=None, init=False)

    async def events(self) -> AsyncIterator[bytes]:
        """The text of the stream, until the token ends or the process stops.

        It waits while the client does not read: nothing is read from the ledgers meanwhile.
        """
        yield _HELLO
        if HEAD_ONLY in self.request.scope:
            return
        if self.api.listeners.refused(self.scope.tenant_id) is not None:
            yield _FULL
            return
        with self.api.listeners.feed(self.scope, self.position) as feed:
            try:
                async for text in self._rounds(feed):
                    yield text
            finally:
                if self._reading is not None:
                    self._reading.cancel()
                    await asyncio.wait([self._reading])

    async def _rounds(self, feed: EventFeed) -> AsyncIterator[bytes]:
        clock_s = asyncio.get_running_loop().time
        spoken_s = clock_s()
        read_from_s = clock_s()
        while True:
            began_s = clock_s()
            page = await self._page(feed) if began_s >= read_from_s else None
            if not await self._goes_on():
                return
            if page is not None:
                if page.events:
                    yield _text_of(page, self.position, self.api.documentation_url)
                    spoken_s = clock_s()
                self.position = page.position
                if page.problem is not None and clock_s() - spoken_s >= ROUND_S:
                    yield _WAITING
                    spoken_s = clock_s()
                if page.more:
                    continue
                read_from_s = clock_s() + READ_SHARE * (clock_s() - began_s)
            if clock_s() - spoken_s >= HEARTBEAT_S:
                yield _HEARTBEAT
                spoken_s = clock_s()
            await asyncio.sleep(ROUND_S)

    async def _page(self, feed: EventFeed) -> FeedPage | None:
        """The next page; None if reading it takes longer than a round, in which it goes on."""
        if self._reading is None:
            self._reading = asyncio.ensure_future(feed.next())
        done, _ = await asyncio.wait([self._reading], timeout=ROUND_S)
        if not done:
            return None
        page, self._reading = self._reading.result(), None
        return page

    async def _goes_on(self) -> bool:
        if self.api.is_stopping():
            return False
        try:
            return await self.api.access.still_admits(bearer_token(self.request), self.request.user)
        except JournalUnavailable:
            return False


def _text_of(page: FeedPage, before: FeedPosition, documentation_url: str | None) -> bytes:
    """The events of a page. Only the last one has the position after the page: who got some of
    them only goes on before it."""
    last = len(page.events) - 1
    return b"".join(
        b"id: %b\nevent: %b\ndata: %b\n\n"
        % (
            str(page.position if number == last else before).encode(),
            event.kind.encode(),
            event_data(event, documentation_url),
        )
        for number, event in enumerate(page.events)
    )


def _stream(
    request: Request[Caller, bytes, Any],
    api: ApiDependencies,
    scope: FeedScope,
    position: FeedPosition,
) -> Stream:
    match api.listeners.refused(scope.tenant_id):
        case TooMany.OF_TENANT:
            raise Refused(_too_many(429, "Your tenant has as many streams open as it may have."))
        case TooMany.OF_PROCESS:
            raise Refused(_too_many(503, "The server has as many streams open as it may have."))
    return Stream(
        _Listening(request, api, scope, position).events(),
        media_type=MEDIA_TYPE,
        headers={"cache-control": "no-store", "x-accel-buffering": "no"},
    )


def _too_many(status: int, reason: str) -> Any:
    return problem_answer(
        status,
        "too_many_streams",
        "Too many streams of events",
        f"{reason} Close one that is not used, or try again later.",
        (("retry-after", str(RETRY_AFTER_S)),),
    )


def _scope(
    caller: Caller,
    application_id: bytes | None,
    kinds: list[str] | None,
    endpoint: str | None,
    event_types: list[str] | None,
) -> FeedScope:
    endpoint_id = None
    if endpoint is not None:
        endpoint_id = parse_id(ENDPOINT, endpoint)
        if endpoint_id is None:
            message = "This is no id of an endpoint. Give its id, such as `ep_…`, not its uid."
            raise Refused(invalid(Fault(("query", "endpoint_id"), message)))
    return FeedScope(
        tenant_id=caller.tenant_id,
        application_id=application_id,
        kinds=_kinds_of(kinds),
        endpoint_id=endpoint_id,
        event_types=event_types_of(event_types),
    )


def _kinds_of(values: list[str] | None) -> frozenset[EventKind]:
    if values is None:
        return frozenset(EventKind)
    try:
        return frozenset(EventKind(name) for value in values for name in value.split(","))
    except ValueError:
        known = ", ".join(f"`{kind}`" for kind in EventKind)
        message = f"There is no such type of event. Choose from {known}."
        raise Refused(invalid(Fault(("query", "types"), message))) from None


def _position(api: ApiDependencies, since: str | None, last_event_id: str | None) -> FeedPosition:
    """The position at which the stream begins. `Last-Event-ID` wins: clients that reconnect repeat
    the query."""
    if last_event_id:
        position = FeedPosition.parse(last_event_id)
        if position is None:
            message = "This is no `id` of an event of this stream. Send the last one received."
            raise Refused(invalid(Fault(("header", "Last-Event-ID"), message)))
        return resumed(position)
    at = time_of("since", since)
    if at is None:
        return api.listeners.now()
    at_ms = max(0, to_micros(at) // 1000)
    return FeedPosition(at_ms, at_ms)
