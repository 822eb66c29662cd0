"""Reading the body of a request whose route is a plain ASGI application."""

from angarium_chassis.http_server.answering_cycle import AnsweringCycle
from litestar.types import Receive

from .problems import Refused, problem_answer, too_large


class BodyNotRead(Refused):
    """The request is refused before the end of its body has come."""


async def read_body(
    receive: Receive, content_length: int, bytes_max: int, cycle: AnsweringCycle | None = None
) -> bytes:
    """The whole body, in one piece if the request's `cycle` is given and has it. Raises
    `BodyNotRead` as soon as it is known to be too large, and `Refused` if the client has gone."""
    if content_length > bytes_max:
        raise BodyNotRead(too_large(bytes_max))
    if cycle is not None and (whole := cycle.take_body(bytes_max)) is not None:
        return whole
    parts: list[bytes] = []
    size_bytes = 0
    more = True
    while more:
        event = await receive()
        if event["type"] != "http.request":
            detail = "The client closed the connection."
            raise Refused(problem_answer(400, "disconnected", "Disconnected", detail))
        parts.append(event["body"])
        more = event["more_body"]
        size_bytes += len(event["body"])
        if size_bytes > bytes_max:
            raise BodyNotRead(too_large(bytes_max))
    return parts[0] if len(parts) == 1 else b"".join(parts)
