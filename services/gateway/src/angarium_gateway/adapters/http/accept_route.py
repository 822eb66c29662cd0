"""POST /api/v1/app/{app_id}/msg as a plain ASGI application in front of the rest of the API.

The one route that every message takes: no router, no dependency injection, no middleware.
"""

import re
import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from typing import Final, assert_never

import msgspec
import structlog
from angarium_chassis.http_server.answering_cycle import AnsweringCycle, cycle_of
from angarium_chassis.tracing.trace_text import log_fields, passed_on
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Problem
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from angarium_gateway.application.accept.accept_counters import AcceptCounters
from angarium_gateway.application.accept.accept_message import (
    Accepted,
    AcceptMessage,
    AcceptOutcome,
    Busy,
    EventIdTaken,
    KeyReused,
    MessageDeleted,
)
from angarium_gateway.application.configuration.create_missing import CreateMissing
from angarium_gateway.application.read.messages import Message
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.digests import request_digest
from angarium_gateway.domain.messages import NewMessage
from angarium_gateway.domain.permissions import Permission
from angarium_gateway.domain.quotas import Rate

from .access_control import AccessControl
from .asgi_answers import send_answer, send_refusal, send_while_the_body_comes
from .bounded_body import BodyNotRead, read_body
from .gzip_bodies import inflated, is_gzip
from .idempotent_posts import bad_key, created_is_gone, is_key, used_for_another
from .posted_message import draft_of, read_message
from .problems import (
    Fault,
    ProblemAnswer,
    Refused,
    invalid,
    problem_answer,
    refusal,
    too_many_requests,
    unavailable,
)
from .query_parameters import read_query
from .rate_limit_headers import rate_limit_headers
from .request_traces import UNTRACED, RequestTraces, describe, ended
from .schema_checks import VIOLATIONS_HEADER, SchemaChecks
from .schemas.applications import MissingApplicationIn
from .schemas.messages import message_out

_PATH = re.compile(r"/+api/+v1/+app/+([a-zA-Z0-9\-_.]{1,256})/+msg/*")
"""With the repeated slashes that Litestar takes on all other routes: clients add one where the URL
of the server ends with one."""
ENVELOPE_BYTES_MAX = 64 * 1024
"""Bytes that a body may have in addition to the payload."""
ESCAPED_BYTES_MAX = 3
"""Bytes that a byte of a raw payload takes in a body: in a JSON string a quote takes two, the two
bytes of `é`, as an escape, six. Control characters take six each, and more of them may not fit."""

log = structlog.get_logger()
_encoder = msgspec.json.Encoder()
_JSON = (b"content-type", b"application/json")
_PLAIN_HEAD: Final = b"content-type: application/json\r\nx-content-type-options: nosniff\r\n"
_WITH_CONTENT: Final = "with_content"
_BOOLEANS: Final = {"true": True, "1": True, "false": False, "0": False}
_NO_BOOLEAN: Final = f"`{_WITH_CONTENT}` must be `true` or `false`."


class AcceptRoute:
    """Answers the route; every other request goes to `rest`."""

    def __init__(
        self,
        rest: ASGIApp,
        access: AccessControl,
        accept: AcceptMessage,
        create_application: CreateMissing,
        check_schema: SchemaChecks,
        *,
        payload_bytes_max: int,
        message_retention_days: int = 90,
        counters: AcceptCounters,
        traces: RequestTraces = UNTRACED,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rest = rest
        self._observe_latency_s = counters.latencies_s.observe
        self._access = access
        self._accept = accept
        self._create_application = create_application
        self._check_schema = check_schema
        self._payload_bytes_max = payload_bytes_max
        self._message_retention_days = message_retention_days
        self._traces = traces
        self._now = now
        self._body_bytes_max = body_bytes_max(payload_bytes_max)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        if scope["type"] == ScopeType.HTTP and scope["method"] == "POST":
            path = _PATH.fullmatch(scope["path"])
            if path is not None:
                await self._answer(scope, receive, send, path.group(1))
                return
        await self._rest(scope, receive, send)

    async def _answer(self, scope: Scope, receive: Receive, send: Send, ref: str) -> None:
        began_s = time.perf_counter()
        span = None
        cycle = cycle_of(send)
        try:
            headers = _Headers(scope["headers"])
            span = self._traces.begin(headers.traceparent, headers.tracestate)
            if span is None:
                trace = passed_on(headers.traceparent)
                message, violations = await self._accepted(
                    scope, receive, cycle, ref, headers, trace
                )
            else:
                with ended(span):
                    message, violations = await self._accepted(
                        scope, receive, cycle, ref, headers, span.trace
                    )
                    describe(span, message, 202)
        except BodyNotRead as refused:
            await send_while_the_body_comes(send, receive, refused.answer)
            return
        except Refused as refused:
            await send_refusal(send, refused.answer)
            return
        except Exception:
            trace = None if span is None else span.trace
            log.exception("request.failed", method="POST", path=scope["path"], **log_fields(trace))
            await send_refusal(send, failure_answer())
            return
        body = _encoder.encode(_out(message, with_content=_with_content(scope["query_string"])))
        limit_headers = rate_limit_headers(scope)
        if cycle is None or violations or limit_headers or not cycle.answer(202, _PLAIN_HEAD, body):
            answer_headers = [_JSON, *limit_headers]
            if violations:
                answer_headers.append((VIOLATIONS_HEADER, b"%d" % violations))
            await send_answer(send, 202, answer_headers, body)
        self._observe_latency_s(time.perf_counter() - began_s)

    async def _accepted(
        self,
        scope: Scope,
        receive: Receive,
        cycle: AnsweringCycle | None,
        ref: str,
        headers: "_Headers",
        trace: str | None,
    ) -> tuple[NewMessage, int]:
        """The message, and the number of violations of its event type's schema."""
        caller = self._access.remembered(headers.token)
        if caller is None or not caller.publishes_everywhere:
            caller = await self._admit(headers.token, scope, ref)
        if caller.quotas:
            await self._access.spend(caller, {Rate.REQUESTS: 1}, scope)
        if headers.key is not None and not is_key(headers.key):
            raise Refused(bad_key())
        if headers.coding is not None:
            _refuse_unless_gzip(headers.coding)
        _with_content(scope["query_string"])  # refuses what it cannot read
        body = await read_body(receive, headers.content_length, self._body_bytes_max, cycle)
        if headers.coding is not None and is_gzip(headers.coding):
            body = inflated(body, self._body_bytes_max)
        posted = read_message(body, payload_bytes_max=self._payload_bytes_max)
        if caller.quotas:
            costs = {Rate.MESSAGES: 1, Rate.PAYLOAD_BYTES: len(bytes(posted.payload))}
            await self._access.spend(caller, costs, scope)
        violations = 0
        if caller.schema_check is not None:
            violations = await self._check_schema(caller, posted)
        draft = draft_of(
            posted,
            self._now,
            kept_days=self._message_retention_days,
            key=headers.key,
            request_digest=None
            if headers.key is None
            else request_digest("POST", scope["path"].rstrip("/"), body),
            trace=trace,
        )
        application = posted.application
        outcome = await self._accept(
            caller.tenant_id,
            ref,
            draft,
            None if application is None else lambda: self._create_missing(caller, ref, application),
        )
        return accepted_message(outcome), violations

    async def _admit(self, token: str, scope: Scope, ref: str) -> Caller:
        try:
            caller = await self._access.caller(token, scope)
            await self._access.authorize(caller, Permission.PUBLISH, ref)
        except JournalUnavailable:
            raise Refused(unavailable("The database is not reachable. Try again.")) from None
        return caller

    async def _create_missing(
        self, caller: Caller, ref: str, application: MissingApplicationIn
    ) -> ApplicationState | Problem:
        await self._access.authorize(caller, Permission.MANAGE_TENANT, None)
        return await self._create_application(
            caller.tenant_id, ref, application, applications_max=caller.tenant.applications_max
        )


def body_bytes_max(payload_bytes_max: int) -> int:
    """The most bytes that a body may have where a payload may have so many."""
    return ESCAPED_BYTES_MAX * payload_bytes_max + ENVELOPE_BYTES_MAX


class _Headers:
    """The headers that the route looks at."""

    __slots__ = ("coding", "content_length", "key", "token", "traceparent", "tracestate")

    def __init__(self, headers: Iterable[tuple[bytes, bytes]]) -> None:
        self.token = ""
        self.key: str | None = None
        self.traceparent: str | None = None
        self.tracestate: str | None = None
        self.coding: str | None = None
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
                # Of two, neither counts.
                self.traceparent = value.decode("latin-1") if self.traceparent is None else ""
            elif name == b"tracestate":
                state = value.decode("latin-1")
                self.tracestate = state if self.tracestate is None else f"{self.tracestate},{state}"
            elif name == b"content-encoding":
                self.coding = value.decode("latin-1")


def _refuse_unless_gzip(coding: str) -> None:
    try:
        is_gzip(coding)
    except Refused as refused:
        raise BodyNotRead(refused.answer) from None


def failure_answer() -> ProblemAnswer:
    """Answer a request that failed unexpectedly, without details; they are in the log."""
    detail = (
        "The server failed to handle the request. Try again; the operator finds the cause in the"
        " log of the gateway."
    )
    return problem_answer(500, "internal_error", "Internal error", detail)


def accepted_message(outcome: AcceptOutcome) -> NewMessage:
    """The message that was accepted. Raises `Refused`."""
    match outcome:
        case Accepted(message):
            return message
        case EventIdTaken(event_id):
            detail = (
                f"This application already has a message with the eventId {event_id}. Read it, or"
                " choose another eventId."
            )
            raise Refused(problem_answer(409, "event_exists", "Conflict", detail))
        case MessageDeleted():
            raise Refused(created_is_gone("a message"))
        case KeyReused():
            raise Refused(used_for_another())
        case Busy():
            raise Refused(busy(outcome))
        case Problem():
            raise Refused(refusal(outcome))
        case _:
            assert_never(outcome)


def busy(outcome: Busy) -> ProblemAnswer:
    """The answer to messages that were not committed."""
    detail = f"{outcome.reason} Try again."
    return too_many_requests(detail) if outcome.by_tenant else unavailable(detail)


def _out(message: NewMessage, *, with_content: bool) -> object:
    return message_out(
        Message(
            id=message.id,
            event_type=message.event_type,
            event_id=message.event_id,
            channels=message.channels or None,
            tags=message.tags or None,
            payload=message.payload if with_content else None,
            deliver_at=message.deliver_at,
            content_type=message.content_type,
            expunged=message.expunged,
        )
    )


def _with_content(query: bytes) -> bool:
    """True if the answer is to have the payload. Raises `Refused` (422)."""
    if not query:
        return True
    text = dict(read_query(query, (_WITH_CONTENT,))).get(_WITH_CONTENT, "true").lower()
    if text not in _BOOLEANS:
        raise Refused(invalid(Fault(("query", _WITH_CONTENT), _NO_BOOLEAN)))
    return _BOOLEANS[text]
