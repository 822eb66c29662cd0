"""`Idempotency-Key` on POSTs: the first answer is stored, and given again to repeats.

As in the IETF draft "The Idempotency-Key HTTP Header Field": another request under a used key
is 422, one whose first request is still being carried out is 409.
"""

from typing import Any

from litestar import Request
from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.handlers import HTTPRouteHandler
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from angarium_gateway.application.accept.idempotency import (
    Answer,
    IdempotencyKeys,
    InFlight,
    Replayed,
    UsedForAnother,
    answer_once,
)
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.digests import key_digest, request_digest

from .created_objects import CreatedObjects
from .example_answers import ExampleAnswers
from .problems import MEDIA_TYPE, Fault, ProblemAnswer, Refused, invalid, problem_answer
from .request_counters import REPLAYED_ANSWERS

HEADER = "idempotency-key"
REPLAYED = b"idempotency-replayed"
"""Header of an answer that is given again."""
KEY_CHARS_MAX = 256


class IdempotentPosts:
    """ASGI middleware; stands inside the authentication."""

    def __init__(
        self,
        app: ASGIApp,
        keys: IdempotencyKeys,
        created: CreatedObjects,
        examples: ExampleAnswers,
    ) -> None:
        self._app = app
        self._keys = keys
        self._created = created
        self._examples = examples

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a POST with a key once; pass everything else on."""
        key = Headers.from_scope(scope).get(HEADER)
        posts = scope["type"] == ScopeType.HTTP and scope["method"] == "POST"
        # Nobody stands behind a public operation whose answer could be kept.
        if key is None or not posts or scope.get("user") is None:
            await self._app(scope, receive, send)
            return
        if not is_key(key):
            raise Refused(bad_key())
        request: Request[Caller, bytes, Any] = Request(scope, receive, send)
        body = await request.body()
        path = request.url.path.rstrip("/")
        answered = _AnswerInHand(send)

        async def carry_out() -> Answer:
            await self._app(scope, receive, answered.take)
            return self._examples.stored(_operation_id(request), answered.answer)

        outcome = await answer_once(
            self._keys,
            key_digest(request.user.tenant_id, key),
            request_digest("POST", f"{path}?{request.url.query}", body),
            carry_out,
        )
        match outcome:
            case Answer():
                await answered.give()
            case Replayed(answer):
                await self._refuse_if_deleted(answer, request)
                REPLAYED_ANSWERS.inc()
                await _give_again(await self._with_example(answer, request), send)
            case InFlight():
                raise Refused(_in_flight())
            case UsedForAnother():
                raise Refused(used_for_another())

    async def _refuse_if_deleted(
        self, answer: Answer, request: Request[Caller, bytes, Any]
    ) -> None:
        if answer.status >= 400:
            return
        deleted = await self._created.deleted(
            request.user.tenant_id, _operation_id(request), request.path_params, answer.body
        )
        if deleted is not None:
            raise Refused(created_is_gone(deleted))

    async def _with_example(self, answer: Answer, request: Request[Caller, bytes, Any]) -> Answer:
        whole = await self._examples.given_again(
            request.user.tenant_id, _operation_id(request), request.path_params, answer
        )
        if whole is None:
            raise Refused(created_is_gone("a message"))
        return whole


def _operation_id(request: Request[Caller, bytes, Any]) -> str:
    handler = request.scope["route_handler"]
    return str(handler.operation_id) if isinstance(handler, HTTPRouteHandler) else ""


class _AnswerInHand:
    """Holds back an answer until it is stored."""

    def __init__(self, send: Send) -> None:
        self._send = send
        self._messages: list[Message] = []

    async def take(self, message: Message) -> None:
        self._messages.append(message)

    @property
    def answer(self) -> Answer:
        status, body = 500, b""
        for message in self._messages:
            if message["type"] == "http.response.start":
                status = message["status"]
            elif message["type"] == "http.response.body":
                body += message["body"]
        return Answer(status, body)

    async def give(self) -> None:
        for message in self._messages:
            await self._send(message)


async def _give_again(answer: Answer, send: Send) -> None:
    media_type = MEDIA_TYPE if answer.status >= 400 else "application/json"
    headers = [(REPLAYED, b"true")]
    if answer.body:
        headers.append((b"content-type", media_type.encode()))
        headers.append((b"content-length", b"%d" % len(answer.body)))
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": False})


def is_key(key: str) -> bool:
    """True if this may be an idempotency key: 1 to 256 printable ASCII characters."""
    return 0 < len(key) <= KEY_CHARS_MAX and key.isascii() and key.isprintable()


def bad_key() -> ProblemAnswer:
    """This cannot be a key."""
    message = f"Use 1 to {KEY_CHARS_MAX} printable ASCII characters, such as a UUID."
    return invalid(Fault(("header", HEADER), message))


def used_for_another() -> ProblemAnswer:
    """The key was used with another request."""
    message = "This key was used with another request. Use a new key for each request."
    return invalid(Fault(("header", HEADER), message))


def created_is_gone(created: str) -> ProblemAnswer:
    """410: the first request succeeded, but what it created was deleted since."""
    return problem_answer(
        410,
        "created_object_deleted",
        "What this request created was deleted",
        f"A request with this idempotency key created {created}, which was deleted since. To"
        " create it anew, send the request with another key.",
        ((REPLAYED.decode(), "true"),),
    )


def _in_flight() -> ProblemAnswer:
    return problem_answer(
        409,
        "request_in_flight",
        "The same request is still running",
        "A request with this idempotency key is still running. Repeat it after Retry-After"
        " seconds.",
        (("retry-after", "1"),),
    )
