"""ETag, If-Match and If-None-Match of single objects (RFC 9110, sections 8.8 and 13.1).

A tag is `"version-digest"`: the version of the stored object, where it has one, and the digest of
the answer. The dispatcher checks the version in the transaction that changes the object, so that no
other change comes between.
"""

import re
from datetime import datetime
from hashlib import blake2b
from typing import Any, Final, get_origin

import msgspec
from angarium_contracts.configuration import ANY_VERSION, Precondition, version_of
from litestar import Request
from litestar.datastructures import Headers
from litestar.di import NamedDependency
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.params import SkipValidation
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Message,
    Receive,
    Scope,
    Send,
)

from .gzip_bodies import CODED_TAG, UNCOMPRESSED
from .problems import MEDIA_TYPE, Fault, ProblemAnswer, Refused, changed_since, invalid
from .schemas.fields import ApiSchema
from .schemas.lists import ListResponse

IF_MATCH: Final = "if-match"
IF_NONE_MATCH: Final = "if-none-match"
_TAG: Final = re.compile(r'(W/)?"([\x21\x23-\x7e\x80-\xff]*)"')
_TAGS: Final = re.compile(rf"{_TAG.pattern}(\s*,\s*{_TAG.pattern})*")
_DIGEST_BYTES: Final = 12
_OF_THE_BODY: Final = frozenset({b"content-length", b"content-type"})

WritePrecondition = NamedDependency[SkipValidation[Precondition | None]]
"""In a handler's signature, `precondition: WritePrecondition`: the operation honours If-Match and
If-None-Match, by giving it to its command."""
_PRECONDITION: Final = "precondition"


class _Stored(msgspec.Struct, rename="camel"):
    """The part of an answer that tells the version of its object."""

    updated_at: datetime | None = None


_decoder = msgspec.json.Decoder(_Stored)


class EntityTags:
    """ASGI middleware inside the authentication: tags answers, and judges conditions of reads.

    A condition that an operation does not know is refused: dropped, it would let through the very
    change that the client wants to prevent.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._answering_objects: dict[HTTPRouteHandler, bool] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on, and tag its answer if that is a single object."""
        handler = scope["route_handler"]
        if scope["type"] != ScopeType.HTTP or not isinstance(handler, HTTPRouteHandler):
            await self._app(scope, receive, send)
            return
        headers, reads = Headers.from_scope(scope), scope["method"] == "GET"
        conditions = _Conditions(headers)
        answers_object = self._answers_object(handler)
        if conditions.given and not (answers_object if reads else honours(handler)):
            raise Refused(_not_here(IF_NONE_MATCH if conditions.match is None else IF_MATCH))
        if not answers_object:
            await self._app(scope, receive, send)
            return
        start: HTTPResponseStartEvent | None = None

        async def send_tagged(message: Message) -> None:
            nonlocal start
            if message["type"] == "http.response.start" and message["status"] in (200, 201):
                start = message
                return
            if start is not None and message["type"] == "http.response.body":
                tag = _tag_of(message["body"])
                if reads:
                    start, message = conditions.judged(tag, start, message)
                if start["status"] != 304:
                    _set(start, b"etag", f'"{tag}"'.encode("latin-1"))
                await send(start)
                start = None
            await send(message)

        await self._app(scope, receive, send_tagged)

    def _answers_object(self, handler: HTTPRouteHandler) -> bool:
        if handler not in self._answering_objects:
            self._answering_objects[handler] = _answers_object(handler)
        return self._answering_objects[handler]


class _Conditions:
    """The conditions of a request. Raises `Refused` (422) for what is no list of tags."""

    def __init__(self, headers: Headers) -> None:
        self.match = _tags(headers, IF_MATCH, weak=False)
        self.none_match = _tags(headers, IF_NONE_MATCH, weak=True)

    @property
    def given(self) -> bool:
        """True if the request has a condition."""
        return self.match is not None or self.none_match is not None

    def judged(
        self, tag: str, start: HTTPResponseStartEvent, body: HTTPResponseBodyEvent
    ) -> tuple[HTTPResponseStartEvent, HTTPResponseBodyEvent]:
        """The answer of a read: 412 if the object must not be this one, 304 if the client has it,
        and else as it is."""
        if self.match is not None and not {ANY_VERSION, tag} & _plain(self.match):
            refusal = changed_since()
            _set(start, b"content-type", MEDIA_TYPE.encode())
            _set(start, b"content-length", b"%d" % len(refusal.body))
            return start | {"status": refusal.status}, body | {"body": refusal.body}
        held = self.none_match or ()
        if {ANY_VERSION, tag} & _plain(held):
            shown = tag + CODED_TAG if tag + CODED_TAG in held else tag
            kept = [each for each in start["headers"] if each[0] not in _OF_THE_BODY]
            headers = [*kept, (b"etag", f'"{shown}"'.encode("latin-1"))]
            return start | {"status": 304, "headers": headers}, body | {"body": b""}
        return start, body


def provide_precondition(request: Request[Any, Any, Any]) -> Precondition | None:
    """The condition of a write, for the dispatcher. Raises `Refused` (422)."""
    conditions = _Conditions(request.headers)
    if not conditions.given:
        return None
    return Precondition(
        if_match=_versions(conditions.match), if_none_match=_versions(conditions.none_match)
    )


def honours(handler: HTTPRouteHandler) -> bool:
    """True if the operation is a write that honours If-Match and If-None-Match."""
    return _PRECONDITION in handler.parsed_fn_signature.parameters


def _answers_object(handler: HTTPRouteHandler) -> bool:
    """True if the operation answers with a single object that has no secrets."""
    field = handler.parsed_return_field
    kinds = [field.annotation, *(inner.annotation for inner in field.inner_types)]
    kind = next(
        (each for each in kinds if isinstance(each, type) and issubclass(each, ApiSchema)), None
    )
    lists = any(get_origin(each) is ListResponse for each in kinds)
    return kind is not None and not lists and UNCOMPRESSED not in handler.opt


def _set(start: HTTPResponseStartEvent, name: bytes, value: bytes) -> None:
    others = [each for each in start["headers"] if each[0] != name]
    start["headers"] = [*others, (name, value)]


def _tag_of(body: bytes) -> str:
    digest = blake2b(body, digest_size=_DIGEST_BYTES).hexdigest()
    stored = _decoder.decode(body)
    return digest if stored.updated_at is None else f"{version_of(stored.updated_at)}-{digest}"


def _tags(headers: Headers, name: str, *, weak: bool) -> tuple[str, ...] | None:
    fields = headers.getall(name, [])
    if not fields:
        return None
    value = ", ".join(fields).strip()
    if value == "*":
        return (ANY_VERSION,)
    if _TAGS.fullmatch(value) is None:
        message = (
            f'This is no list of ETags. Send the `ETag` of an answer, such as `{name}: "1a2b"`.'
        )
        raise Refused(invalid(Fault(("header", name), message)))
    return tuple(tag for is_weak, tag in _TAG.findall(value) if weak or not is_weak)


def _plain(tags: tuple[str, ...]) -> set[str]:
    return {tag.removesuffix(CODED_TAG) for tag in tags}


def _versions(tags: tuple[str, ...] | None) -> tuple[str, ...] | None:
    return None if tags is None else tuple(tag.partition("-")[0] for tag in tags)


def _not_here(name: str) -> ProblemAnswer:
    message = (
        f"This operation does not honour `{name}`. Leave it out. It is for reading single objects,"
        " and for PUT, PATCH and DELETE of applications, endpoints and event types."
    )
    return invalid(Fault(("header", name), message))
