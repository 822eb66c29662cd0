"""Answers as plain ASGI events."""

import asyncio
from contextlib import suppress
from typing import Final

from litestar.types import Receive, Send

from .problems import MEDIA_TYPE, ProblemAnswer
from .request_counters import REFUSALS

DISCARDED_BYTES_MAX: Final = 16 * 1024 * 1024
DISCARD_TIMEOUT_S: Final = 2.0
"""How much of a body is taken after it was refused, and for how long."""

_NOSNIFF: Final = (b"x-content-type-options", b"nosniff")


async def send_refusal(send: Send, answer: ProblemAnswer) -> None:
    REFUSALS.labels(answer.code, answer.status).inc()
    headers = [(name.encode(), value.encode()) for name, value in answer.headers]
    headers.append((b"content-type", MEDIA_TYPE.encode()))
    await send_answer(send, answer.status, headers, answer.body)


async def send_while_the_body_comes(send: Send, receive: Receive, answer: ProblemAnswer) -> None:
    """Answer at once, and close when the client has stopped sending, or would not: closed
    earlier, the connection is reset, and many clients never see the answer."""
    REFUSALS.labels(answer.code, answer.status).inc()
    headers = [
        (b"content-type", MEDIA_TYPE.encode()),
        (b"content-length", b"%d" % len(answer.body)),
        (b"connection", b"close"),
        _NOSNIFF,
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body, "more_body": True})
    with suppress(TimeoutError):
        async with asyncio.timeout(DISCARD_TIMEOUT_S):
            await _discard(receive)
    await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _discard(receive: Receive) -> None:
    discarded_bytes = 0
    while discarded_bytes < DISCARDED_BYTES_MAX:
        event = await receive()
        if event["type"] != "http.request" or not event["more_body"]:
            return
        discarded_bytes += len(event["body"])


async def send_answer(
    send: Send, status: int, headers: list[tuple[bytes, bytes]], body: bytes
) -> None:
    headers += ((b"content-length", b"%d" % len(body)), _NOSNIFF)
    await send({"type": "http.response.start", "status": status, "headers": headers})
    await send({"type": "http.response.body", "body": body, "more_body": False})
