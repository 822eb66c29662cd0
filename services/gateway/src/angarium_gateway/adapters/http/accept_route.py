"""POST /api/v1/app/{app_id}/msg as a plain ASGI application in front of the rest of the API.

The one route that every message takes: no router, no dependency injection, no middleware.
"""

import re
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any, assert_never
from urllib.parse import parse_qs

import msgspec
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import MESSAGE, created_at_ms, format_id
from angarium_contracts.queries import Problem

from angarium_gateway.application.accept_message import (
    Accepted,
    AcceptMessage,
    AcceptOutcome,
    Busy,
    Draft,
    EventIdTaken,
    KeyReused,
)
from angarium_gateway.application.authentication import Authenticator
from angarium_gateway.application.journal import JournalUnavailable
from angarium_gateway.domain.digests import request_digest
from angarium_gateway.domain.messages import NewMessage

from .answers import (
    Answer,
    conflict,
    key_refused,
    not_authenticated,
    of_problem,
    refused_body,
    too_large,
    unavailable,
)
from .instants import rfc3339
from .message_in import BodyRefused, MessageIn, read_message

type Scope = MutableMapping[str, Any]
type Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]
type Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
type AsgiApp = Callable[[Scope, Receive, Send], Awaitable[None]]
type CreateApplication = Callable[
    [bytes, str, msgspec.Raw], Awaitable[ApplicationState | Problem]
]
"""Creates the application that a message brings: tenant, reference, the given object."""

_PATH = re.compile(r"/api/v1/app/([a-zA-Z0-9\-_.]{1,256})/msg/?")
_KEY = re.compile(r"[\x21-\x7e]{1,256}")
_TRACE = re.compile(r"00-[0-9a-f]{32}-[0-9a-f]{16}-01")
ENVELOPE_BYTES_MAX = 64 * 1024
"""What a body may hold beside the payload."""


class MessageOut(msgspec.Struct, rename="camel", omit_defaults=True):
    """A message as clients see it (Svix API, `MessageOut`)."""

    id: str
    event_type: str
    timestamp: str
    payload: msgspec.Raw = msgspec.field(default_factory=lambda: msgspec.Raw(b"{}"))
    event_id: str | None = None
    channels: tuple[str, ...] | None = None
    tags: tuple[str, ...] | None = None


_encoder = msgspec.json.Encoder()


class AcceptRoute:
    """Answers the route; every other request goes to `rest`."""

    def __init__(
        self,
        rest: AsgiApp,
        authenticator: Authenticator,
        accept: AcceptMessage,
        create_application: CreateApplication,
        *,
        payload_bytes_max: int,
    ) -> None:
        self._rest = rest
        self._authenticator = authenticator
        self._accept = accept
        self._create_application = create_application
        self._payload_bytes_max = payload_bytes_max
        self._body_bytes_max = payload_bytes_max + ENVELOPE_BYTES_MAX

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        if scope["type"] == "http" and scope["method"] == "POST":
            path = _PATH.fullmatch(scope["path"])
            if path is not None:
                answer = await self._answer(scope, receive, path.group(1))
                await answer.send(send)
                return
        await self._rest(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, application_ref: str) -> Answer:
        headers = _Headers(scope["headers"])
        try:
            caller = self._authenticator.remembered(headers.token)
            if caller is None:
                caller = await self._authenticator.caller(headers.token)
        except JournalUnavailable:
            return unavailable("the database is not reachable")
        if caller is None:
            return not_authenticated()
        if headers.key is not None and not _KEY.fullmatch(headers.key):
            return key_refused()
        body = await self._read_body(headers, receive)
        if body is None:
            return too_large(self._payload_bytes_max)
        try:
            message = read_message(body, payload_bytes_max=self._payload_bytes_max)
        except BodyRefused as refusal:
            return refused_body(refusal.status, refusal.message, refusal.loc)
        outcome = await self._accept(
            caller.tenant_id,
            application_ref,
            _draft(message, headers, scope["path"], body),
            self._creation(caller.tenant_id, application_ref, message.application),
        )
        return _answer_of(outcome, with_content=_with_content(scope["query_string"]))

    async def _read_body(self, headers: "_Headers", receive: Receive) -> bytes | None:
        """The whole body, or None as soon as it is known to be too large."""
        if headers.content_length > self._body_bytes_max:
            return None
        event = await receive()
        body = event.get("body", b"")
        if event["type"] == "http.disconnect":
            return b""
        if event.get("more_body", False):
            parts = [body]
            size_bytes = len(body)
            while event.get("more_body", False):
                event = await receive()
                parts.append(event.get("body", b""))
                size_bytes += len(parts[-1])
                if size_bytes > self._body_bytes_max:
                    return None
            body = b"".join(parts)
        return body if len(body) <= self._body_bytes_max else None

    def _creation(
        self, tenant_id: bytes, ref: str, application: msgspec.Raw | None
    ) -> Callable[[], Awaitable[ApplicationState | Problem]] | None:
        if application is None or bytes(application) == b"null":
            return None
        return lambda: self._create_application(tenant_id, ref, application)


class _Headers:
    """The headers that the route looks at."""

    __slots__ = ("content_length", "key", "token", "trace")

    def __init__(self, headers: list[tuple[bytes, bytes]]) -> None:
        self.token = ""
        self.key: str | None = None
        self.trace: str | None = None
        self.content_length = 0
        for name, value in headers:
            if name == b"authorization":
                scheme, _, token = value.decode("latin-1").partition(" ")
                self.token = token.strip() if scheme.lower() == "bearer" else ""
            elif name == b"idempotency-key":
                self.key = value.decode("latin-1")
            elif name == b"content-length":
                self.content_length = int(value)
            elif name == b"traceparent":
                trace = value.decode("latin-1")
                self.trace = trace if _TRACE.fullmatch(trace) else None


def _draft(message: MessageIn, headers: _Headers, path: str, body: bytes) -> Draft:
    return Draft(
        event_type=message.event_type,
        payload=bytes(message.payload),
        channels=tuple(message.channels or ()),
        tags=tuple(message.tags or ()),
        event_id=message.event_id,
        key=headers.key,
        request_digest=None if headers.key is None else request_digest("POST", path, body),
        trace=headers.trace,
    )


def _with_content(query: bytes) -> bool:
    return not query or parse_qs(query).get(b"with_content") != [b"false"]


def _answer_of(outcome: AcceptOutcome, *, with_content: bool) -> Answer:
    match outcome:
        case Accepted(message):
            return Answer(202, _encoder.encode(_message_out(message, with_content)))
        case EventIdTaken(event_id):
            return conflict(f"this application has a message with eventId {event_id} already")
        case KeyReused():
            return refused_body(
                422, "this key belongs to another request; use a new key", (), "idempotency-key"
            )
        case Busy(reason):
            return unavailable(reason)
        case Problem():
            return of_problem(outcome)
        case _:
            assert_never(outcome)


def _message_out(message: NewMessage, with_content: bool) -> MessageOut:
    out = MessageOut(
        id=format_id(MESSAGE, message.id),
        event_type=message.event_type,
        timestamp=rfc3339(created_at_ms(message.id)),
        event_id=message.event_id,
        channels=message.channels or None,
        tags=message.tags or None,
    )
    if with_content:
        out.payload = msgspec.Raw(message.payload)
    return out
