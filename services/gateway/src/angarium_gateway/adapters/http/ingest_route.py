"""/ingest/api/v1/source/{id}/in/{token}: the URLs at which sources receive webhooks of others.

A plain ASGI application in front of the rest of the API: senders know nothing of this API, and the
token in the path stands for an API key. What is known before the body comes is checked before.
"""

import re
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from functools import partial
from typing import Final
from urllib.parse import parse_qsl

import msgspec
import structlog
from angarium_contracts.ids import MESSAGE, SOURCE, format_id, parse_id
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from angarium_gateway.application.accept.accept_message import EventIdTaken
from angarium_gateway.application.ingest.receive_webhook import (
    Challenged,
    ReceiveWebhook,
    WebhookPayload,
)
from angarium_gateway.application.ingest.sources import Source, Sources
from angarium_gateway.application.tenants.authentication import LoginFailure
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.ingest.reading import answer_to_subscription
from angarium_gateway.domain.ingest.source_types import Challenge
from angarium_gateway.domain.ingest.verification import NotVerified, ReceivedWebhook
from angarium_gateway.domain.quotas import Rate

from .accept_route import accepted_message, failure_answer
from .access_control import AccessControl
from .asgi_answers import send_answer, send_refusal, send_while_the_body_comes
from .bounded_body import BodyNotRead, read_body
from .problems import (
    Fault,
    ProblemAnswer,
    Refused,
    forbidden,
    invalid,
    problem_answer,
    unavailable,
)
from .raw_payload import is_json_object, media_type
from .request_counters import UNVERIFIED_WEBHOOKS
from .request_traces import UNTRACED, RequestTraces

LOGGED_EVERY_S: Final = 1.0
_PATH = re.compile(r"/+ingest/+api/+v1/+source/+(src_[0-9A-Za-z]{22})/+in/+([0-9A-Za-z_]{1,128})/*")
_JSON: Final = "application/json"
_JSON_HEADER: Final = (b"content-type", b"application/json")
_TEXT_HEADER: Final = (b"content-type", b"text/plain; charset=utf-8")
_CONTENT_TYPE: Final = ("header", "content-type")
_DEFAULT_TYPE: Final = "application/octet-stream"

log = structlog.get_logger()


def ingest_path(source_id: bytes, token: str) -> str:
    """The path at which a source receives webhooks."""
    return f"/ingest/api/v1/source/{format_id(SOURCE, source_id)}/in/{token}"


class IngestRoute:
    """Answers the URLs of sources; every other request goes to `rest`."""

    def __init__(
        self,
        rest: ASGIApp,
        access: AccessControl,
        sources: Sources,
        receive_webhook: ReceiveWebhook,
        *,
        payload_bytes_max: int,
        public_url: str | None,
        clock_s: Callable[[], float],
        traces: RequestTraces = UNTRACED,
        now: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._rest = rest
        self._access = access
        self._sources = sources
        self._receive_webhook = receive_webhook
        self._payload_bytes_max = payload_bytes_max
        self._public_url = public_url
        self._clock_s = clock_s
        self._traces = traces
        self._now = now
        self._logged_at_s = float("-inf")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI call."""
        if scope["type"] != ScopeType.HTTP or not (path := _PATH.fullmatch(scope["path"])):
            await self._rest(scope, receive, send)
            return
        try:
            status, header, body = await self._answer(scope, receive, path[1], path[2])
        except BodyNotRead as refused:
            await send_while_the_body_comes(send, receive, refused.answer)
        except Refused as refused:
            await send_refusal(send, refused.answer)
        except JournalUnavailable:
            await send_refusal(send, unavailable("The database is not reachable. Try again."))
        except Exception:
            log.exception("ingest.failed", source=path[1])
            await send_refusal(send, failure_answer())
        else:
            await send_answer(send, status, [header], body)

    async def _answer(
        self, scope: HTTPScope, receive: Receive, source_text: str, token: str
    ) -> tuple[int, tuple[bytes, bytes], bytes]:
        source = await self._source(scope, source_text, token)
        await self._access.spend(source.caller, {Rate.REQUESTS: 1}, scope)
        query = dict(parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True))
        if scope["method"] == "GET" and source.rules.challenge is Challenge.META:
            return 200, _TEXT_HEADER, _subscribed(source, query)
        if scope["method"] != "POST":
            raise Refused(_not_allowed(source))
        headers = _headers(scope)
        if headers.get("content-encoding", "identity").lower() != "identity":
            raise BodyNotRead(_coded())
        length = int(headers.get("content-length", "0"))
        body = await read_body(receive, length, self._payload_bytes_max)
        webhook = ReceivedWebhook("POST", self._url(scope, headers), headers, query, body)
        payload = payload_of(body, headers.get("content-type"))
        costs = {Rate.MESSAGES: 1, Rate.PAYLOAD_BYTES: len(body)}
        await self._access.spend(source.caller, costs, scope)
        return await self._traces.run(
            headers.get("traceparent"),
            headers.get("tracestate"),
            partial(self._accepted, source, webhook, payload),
        )

    async def _source(self, scope: HTTPScope, source_text: str, token: str) -> Source:
        source_id = parse_id(SOURCE, source_text)
        found: Source | LoginFailure = LoginFailure.UNKNOWN
        if source_id is not None:
            found = await self._sources.find(source_id, token, self._now().timestamp())
        if isinstance(found, LoginFailure):
            await self._access.refuse(scope, found)
        if found.caller.suspended:
            raise Refused(forbidden("The tenant that this URL belongs to is suspended."))
        return found

    async def _accepted(
        self,
        source: Source,
        webhook: ReceivedWebhook,
        payload: WebhookPayload,
        trace: str | None,
    ) -> tuple[int, tuple[bytes, bytes], bytes]:
        try:
            outcome = await self._receive_webhook(source, webhook, payload, trace)
        except NotVerified as why:
            raise Refused(self._not_verified(source, str(why))) from None
        if isinstance(outcome, Challenged):
            return 200, _JSON_HEADER, msgspec.json.encode(outcome.answer)
        if isinstance(outcome, EventIdTaken):
            known = {"duplicate": True, "eventId": outcome.event_id}
            return 200, _JSON_HEADER, msgspec.json.encode(known)
        message = accepted_message(outcome)
        answer = {"id": format_id(MESSAGE, message.id), "eventType": message.event_type}
        return source.rules.answer_status, _JSON_HEADER, msgspec.json.encode(answer)

    def _not_verified(self, source: Source, why: str) -> ProblemAnswer:
        UNVERIFIED_WEBHOOKS.inc()
        now_s = self._clock_s()
        if now_s - self._logged_at_s >= LOGGED_EVERY_S:
            self._logged_at_s = now_s
            log.warning("ingest.not_verified", source=format_id(SOURCE, source.id), reason=why)
        detail = (
            f"The webhook is not verified: {why}. Check the secret in the source's configuration."
        )
        return problem_answer(401, "signature_invalid", "Not verified", detail)

    def _url(self, scope: HTTPScope, headers: Mapping[str, str]) -> str:
        """The URL that was given to the sender."""
        origin = self._public_url or f"{scope['scheme']}://{headers.get('host', '')}"
        query = scope["query_string"].decode("latin-1")
        return f"{origin.rstrip('/')}{scope['path']}{'?' if query else ''}{query}"


def payload_of(body: bytes, content_type: str | None) -> WebhookPayload:
    """The body as a payload, byte for byte. Raises `Refused` (422) for what is no text."""
    if not body.strip():
        raise Refused(invalid(Fault(("body",), "The body is empty. Send the event in it.")))
    try:
        body.decode()
    except UnicodeDecodeError as error:
        message = f"Byte {error.start} is not valid UTF-8. Send the body in UTF-8."
        raise Refused(invalid(Fault(("body",), message))) from None
    kind = media_type(_CONTENT_TYPE, content_type or _DEFAULT_TYPE)
    is_json = kind.partition(";")[0].strip().lower() == _JSON
    if is_json and is_json_object(body):
        return WebhookPayload(body, None)
    return WebhookPayload(body, kind)


def _headers(scope: HTTPScope) -> Mapping[str, str]:
    """The first value of each header."""
    found: dict[str, str] = {}
    for name, value in scope["headers"]:
        found.setdefault(name.decode("latin-1").lower(), value.decode("latin-1"))
    return found


def _subscribed(source: Source, query: Mapping[str, str]) -> bytes:
    answer = answer_to_subscription(source.config, query)
    if answer is None:
        detail = (
            "This is no request for a subscription with the `verifyToken` of the source. Check it"
            " in the source's configuration."
        )
        raise Refused(forbidden(detail))
    return answer.encode()


def _not_allowed(source: Source) -> ProblemAnswer:
    allowed = "GET, POST" if source.rules.challenge is Challenge.META else "POST"
    detail = "Webhooks are received by POST."
    return problem_answer(
        405, "method_not_allowed", "Method not allowed", detail, (("allow", allowed),)
    )


def _coded() -> ProblemAnswer:
    return problem_answer(
        415,
        "unsupported_content_encoding",
        "The content coding is not supported",
        "Send webhooks without `Content-Encoding`: signatures are over the bytes of the body.",
    )
