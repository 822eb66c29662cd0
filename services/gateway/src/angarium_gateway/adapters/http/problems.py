"""Refusals as HTTP: RFC 9457 problem details with Svix's members `code` and `detail`.

The one place where a problem gets its status. A 422's `detail` is a list of faults, as the
Svix SDKs read it; every other `detail` is a sentence.
"""

from dataclasses import dataclass
from typing import Any, Final

import msgspec
import structlog
from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem, ProblemCode
from angarium_webhooks.fetch_link import PATH as FETCH_PATH
from litestar import Request, Response
from litestar.exceptions import HTTPException
from litestar.handlers import HTTPRouteHandler

from angarium_gateway.application.unavailable import JournalUnavailable, StreamUnavailable

from .request_counters import REFUSALS

MEDIA_TYPE: Final = "application/problem+json"
RETRY_AFTER_S: Final = 1
TYPE_PREFIX: Final = "urn:angarium:problem:"
OPERATIONS_PAGE: Final = "reference/operations"
"""The page that lists which operations of the Svix API there are."""

_PATH_NAMES: Final = frozenset(
    {
        "app_id",
        "endpoint_id",
        "msg_id",
        "attempt_id",
        "event_type_name",
        "source_id",
        "stream_id",
    }
)
_PATH_MEMBERS: Final = {
    "appId": "app_id",
    "sourceId": "source_id",
    "streamId": "stream_id",
    "endpointId": "endpoint_id",
    "eventTypeName": "event_type_name",
}
"""Names from the path that the dispatcher refuses, as it calls them."""
_QUERY_NAMES: Final = frozenset({"limit", "iterator", "order", "before", "after"})
_ALL_FILTERS: Final = "filters"
"""Stands for all filters of a search together."""

_ABOUT_THE_PART: Final = frozenset({403, 404, 409, 422})

log = structlog.get_logger()


@dataclass(frozen=True, slots=True)
class ProblemAnswer:
    """A refusal, ready to send. `body` is JSON of the media type `MEDIA_TYPE`. `code` is that in
    the body, one of a closed set."""

    status: int
    code: str
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault of a request; `location` begins with body, query, path or header."""

    location: tuple[str, ...]
    message: str
    kind: str = "value_error"


class Refused(Exception):
    """End the request with this answer."""

    def __init__(self, answer: ProblemAnswer) -> None:
        super().__init__(answer.status)
        self.answer = answer


def problem_answer(
    status: int, code: str, title: str, detail: str, headers: tuple[tuple[str, str], ...] = ()
) -> ProblemAnswer:
    """A refusal with a sentence that says what to change."""
    return _answer(status, code, title, detail, headers)


def invalid(*faults: Fault) -> ProblemAnswer:
    """422: the request has these faults."""
    detail = [{"loc": item.location, "msg": item.message, "type": item.kind} for item in faults]
    return _answer(422, "validation_error", "The request is not valid", detail)


def faults_of_answer(answer: ProblemAnswer, place: tuple[str, ...]) -> list[Fault]:
    """A refusal of a part of a body, as faults at the place of the part. Empty if the refusal is
    not about the part: the caller may not do this, or the service is away."""
    if answer.status not in _ABOUT_THE_PART:
        return []
    detail = msgspec.json.decode(answer.body)["detail"]
    if isinstance(detail, str):
        return [Fault(("body", *place), detail)]
    return [Fault(("body", *place, *item["loc"][1:]), item["msg"], item["type"]) for item in detail]


def unauthenticated() -> ProblemAnswer:
    """401: no API key, or an unknown, expired or revoked one."""
    return _answer(
        401,
        "authentication_failed",
        "Authentication failed",
        "The API key is missing, unknown, expired or revoked. Send a valid one in the header"
        " `Authorization: Bearer <key>`.",
        (("www-authenticate", "Bearer"),),
    )


def forbidden(detail: str) -> ProblemAnswer:
    """403: the API key is valid, and may not do this."""
    return _answer(403, "permission_denied", "Not allowed", detail)


def coded_body(coding: str) -> ProblemAnswer:
    """415: the body has a content coding other than gzip (RFC 9110, section 15.5.16)."""
    return _answer(
        415,
        "unsupported_content_encoding",
        "The content coding is not supported",
        f"The body is sent with `Content-Encoding: {coding[:40]}`. Send it with"
        " `Content-Encoding: gzip`, or without `Content-Encoding`.",
        (("accept-encoding", "gzip"),),
    )


def payload_too_large(payload_bytes_max: int) -> ProblemAnswer:
    """413: the payload of a message exceeds the limit, though the body does not."""
    return _answer(
        413,
        "payload_too_large",
        "The payload is too large",
        f"`payload` may have at most {payload_bytes_max} bytes. Send less, or a reference to the"
        " data.",
    )


def too_large(body_bytes_max: int) -> ProblemAnswer:
    """413: the body exceeds the limit."""
    return _answer(
        413,
        "payload_too_large",
        "The request body is too large",
        f"The body may have at most {body_bytes_max} bytes. Send less, or ask the operator to raise"
        " ANGARIUM_PAYLOAD_BYTES_MAX.",
    )


def changed_since() -> ProblemAnswer:
    """412: the object is not the one that the request's condition asks for."""
    return _answer(
        412,
        "precondition_failed",
        "The object has another version",
        "The object is not as `If-Match` or `If-None-Match` asks: it was changed, created or"
        " deleted since you read it. Read it again, and send the request with its new `ETag`.",
    )


def unavailable(detail: str) -> ProblemAnswer:
    """503, to be tried again."""
    headers = (("retry-after", str(RETRY_AFTER_S)),)
    return _answer(503, "unavailable", "Not available at the moment", detail, headers)


def too_many_requests(detail: str) -> ProblemAnswer:
    """429, to be tried again: the client's own requests are in its way."""
    headers = (("retry-after", str(RETRY_AFTER_S)),)
    return _answer(429, "too_many_requests", "Too many requests", detail, headers)


def refusal(problem: Problem) -> ProblemAnswer:
    """The answer for a problem that this or another service gave."""
    match problem.code:
        case ProblemCode.NOT_FOUND:
            return _answer(404, "not_found", "Not found", problem.detail)
        case ProblemCode.CONFLICT:
            return _answer(409, "conflict", "Conflict", problem.detail)
        case ProblemCode.INVALID:
            return invalid(Fault((*_location(problem.field), *problem.path), problem.detail))
        case ProblemCode.UNAVAILABLE:
            return unavailable(problem.detail)
        case ProblemCode.QUOTA_REACHED:
            return _answer(403, "quota_reached", "Quota reached", problem.detail)
        case ProblemCode.PRECONDITION_FAILED:
            return changed_since()


def unwrap[T: Contract](answer: T | Problem) -> T:
    """The answer of a service, or `Refused` with its problem."""
    if isinstance(answer, Problem):
        raise Refused(refusal(answer))
    return answer


def _location(field: str | None) -> tuple[str, ...]:
    if field is None:
        return ("body",)
    field = _PATH_MEMBERS.get(field, field)
    if field in _PATH_NAMES:
        return ("path", field)
    if field in _QUERY_NAMES:
        return ("query", field)
    if field == _ALL_FILTERS:
        return ("query",)
    return ("body", *field.split("."))


def _answer(
    status: int,
    code: str,
    title: str,
    detail: str | list[dict[str, Any]],
    headers: tuple[tuple[str, str], ...] = (),
) -> ProblemAnswer:
    members = {
        "type": TYPE_PREFIX + code,
        "title": title,
        "status": status,
        "code": code,
        "detail": detail,
    }
    return ProblemAnswer(status, code, msgspec.json.encode(members), headers)


def response_of(answer: ProblemAnswer) -> Response[bytes]:
    """The answer as Litestar sends it."""
    REFUSALS.labels(answer.code, answer.status).inc()
    return Response(
        answer.body,
        status_code=answer.status,
        media_type=MEDIA_TYPE,
        headers={"x-content-type-options": "nosniff", **dict(answer.headers)},
    )


def on_refused(_: Request[Any, Any, Any], refused: Refused) -> Response[bytes]:
    """Answer a request that a handler refused."""
    return response_of(refused.answer)


def on_http_error(request: Request[Any, Any, Any], error: HTTPException) -> Response[bytes]:
    """Answer what Litestar refuses by itself: unknown routes and methods, too large bodies."""
    path, status = request.url.path, error.status_code
    match status:
        case 404:
            answer = _answer(
                404,
                "not_found",
                "Not found",
                _no_operation(request.method, path),
            )
        case 405:
            answer = _answer(
                405,
                "method_not_allowed",
                "Method not allowed",
                f"{path} does not support {request.method}. See /docs for the methods of each"
                " path.",
                tuple((name.lower(), value) for name, value in (error.headers or {}).items()),
            )
        case 413:
            answer = too_large(_body_bytes_max(request))
        case 500:
            return on_failure(request, error)
        case _:
            answer = _answer(status, "bad_request", "Bad request", error.detail)
    return response_of(answer)


def _no_operation(method: str, path: str) -> str:
    return (
        f"There is no operation {method} {path[:200]}. See /docs for all operations, and the page"
        f" {OPERATIONS_PAGE} of the documentation for those of the Svix API that are missing."
    )


def _body_bytes_max(request: Request[Any, Any, Any]) -> int:
    handler = request.scope.get("route_handler")
    if isinstance(handler, HTTPRouteHandler):
        return handler.resolve_request_max_body_size() or 0
    limit = request.app.request_max_body_size
    return limit if isinstance(limit, int) else 0


def on_database_failure(
    request: Request[Any, Any, Any], error: JournalUnavailable
) -> Response[bytes]:
    """Answer a request that needs the database while it does not respond."""
    log.warning("database.unavailable", path=_logged_path(request), error=str(error))
    return response_of(unavailable("The database is not reachable. Try again."))


def on_redis_failure(request: Request[Any, Any, Any], error: StreamUnavailable) -> Response[bytes]:
    """Answer a request that needs Redis while it does not respond."""
    log.warning("redis.unavailable", path=_logged_path(request), error=str(error))
    return response_of(unavailable("Redis is not reachable. Try again."))


def _logged_path(request: Request[Any, Any, Any]) -> str:
    """The path without the link of a thin event, which stands for an API key."""
    path = request.url.path
    return f"{FETCH_PATH}…" if path.startswith(FETCH_PATH) else path


def on_failure(request: Request[Any, Any, Any], error: Exception) -> Response[bytes]:
    """Answer a request that failed unexpectedly: log the error, and hide its details."""
    log.error("request.failed", method=request.method, path=_logged_path(request), exc_info=error)
    return response_of(
        _answer(
            500,
            "internal_error",
            "Internal error",
            "The server failed to handle the request. Try again; the operator finds the cause in"
            " the log of the gateway.",
        )
    )
