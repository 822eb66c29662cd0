"""HTTP answers as bytes, and what a problem looks like on the wire.

RFC 9457 problem details with the members of the Svix API: `code` and `detail`; for 422
`detail` is a list of `{loc, msg, type}`.
"""

from collections.abc import Awaitable, Callable, MutableMapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import msgspec
from angarium_contracts.queries import Problem, ProblemCode

RETRY_AFTER_S = 2

_PROBLEM = (b"content-type", b"application/problem+json")
_JSON = (b"content-type", b"application/json")
_STATUS = {
    ProblemCode.NOT_FOUND: HTTPStatus.NOT_FOUND,
    ProblemCode.CONFLICT: HTTPStatus.CONFLICT,
    ProblemCode.INVALID: HTTPStatus.UNPROCESSABLE_ENTITY,
    ProblemCode.UNAVAILABLE: HTTPStatus.SERVICE_UNAVAILABLE,
}


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = (_JSON,)

    async def send(self, send: Callable[[MutableMapping[str, Any]], Awaitable[None]]) -> None:
        """Send it to an ASGI server."""
        headers = [*self.headers, (b"content-length", b"%d" % len(self.body))]
        await send({"type": "http.response.start", "status": self.status, "headers": headers})
        await send({"type": "http.response.body", "body": self.body})


class InvalidMember(msgspec.Struct):
    """One thing that is wrong with a request (Svix API, `ValidationErrorItem`)."""

    loc: Sequence[str]
    msg: str
    type: str = "value_error"


class ProblemDetails(msgspec.Struct):
    """The body of every refusal."""

    type: str
    title: str
    status: int
    code: str
    detail: str | Sequence[InvalidMember]


_encoder = msgspec.json.Encoder()


def problem(
    status: HTTPStatus,
    code: str,
    detail: str | Sequence[InvalidMember],
    *headers: tuple[bytes, bytes],
) -> Answer:
    """A refusal. `code` is stable and for programs, `detail` says what to change."""
    details = ProblemDetails("about:blank", status.phrase, status, code, detail)
    return Answer(status, _encoder.encode(details), (_PROBLEM, *headers))


def not_authenticated() -> Answer:
    """401."""
    return problem(
        HTTPStatus.UNAUTHORIZED,
        "authentication_failed",
        "send a valid API key as `Authorization: Bearer <key>`",
        (b"www-authenticate", b"Bearer"),
    )


def invalid(message: str, *loc: str) -> Answer:
    """422 for one member; `loc` is its path, such as `body`, `url`."""
    return problem(
        HTTPStatus.UNPROCESSABLE_ENTITY, "validation_error", [InvalidMember(loc, message)]
    )


def key_refused() -> Answer:
    """422 for an idempotency key that is none."""
    return invalid("must be 1 to 256 printable ASCII characters", "header", "idempotency-key")


def too_large(payload_bytes_max: int) -> Answer:
    """413. The connection is closed: the rest of the body is not read."""
    return problem(
        HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
        "payload_too_large",
        f"the payload is over {payload_bytes_max} bytes; send a smaller one, or a reference",
        (b"connection", b"close"),
    )


def refused_body(status: int, message: str, loc: Sequence[str], place: str = "body") -> Answer:
    """A body, or a member of it, that cannot be taken."""
    if status == HTTPStatus.UNPROCESSABLE_ENTITY:
        return invalid(message, place, *loc)
    member = f"{'.'.join(loc)}: " if loc else ""
    known = HTTPStatus(status)
    code = "payload_too_large" if known is HTTPStatus.REQUEST_ENTITY_TOO_LARGE else "malformed_body"
    return problem(known, code, f"{member}{message}")


def conflict(detail: str) -> Answer:
    """409."""
    return problem(HTTPStatus.CONFLICT, "conflict", detail)


def unavailable(reason: str) -> Answer:
    """503, to be asked again."""
    return problem(
        HTTPStatus.SERVICE_UNAVAILABLE,
        "unavailable",
        f"{reason}; try again",
        (b"retry-after", b"%d" % RETRY_AFTER_S),
    )


def of_problem(refusal: Problem, place: str = "body") -> Answer:
    """What another service refused. `place` is where the client gave the member at fault."""
    if refusal.code is ProblemCode.INVALID:
        return invalid(refusal.detail, place, *([refusal.field] if refusal.field else []))
    if refusal.code is ProblemCode.UNAVAILABLE:
        return unavailable(refusal.detail.removesuffix("; try again"))
    return problem(_STATUS[refusal.code], refusal.code.value, refusal.detail)
