"""One keep-alive connection of the load generator."""

import asyncio
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from typing import cast

import msgspec
from event_body import BatchBody, EventBody

UNREADABLE = 0


class _Result(msgspec.Struct):
    id: str | None = None
    status: str = ""


class _Answer(msgspec.Struct):
    """The answer to a message, or to a batch of them."""

    id: str = ""
    data: list[_Result] = []

    def ids(self) -> tuple[str, ...]:
        """The ids of the messages that were accepted."""
        if self.id:
            return (self.id,)
        return tuple(each.id for each in self.data if each.id and each.status == "created")


class Request(msgspec.Struct, gc=False):
    """One request and its outcome; times are CLOCK_MONOTONIC nanoseconds.

    `due_ns` is when it should have left: in a closed loop when it left, at a fixed rate its place
    in the schedule. Status 0 (UNREADABLE) stands for no usable answer: the connection
    was lost before it, or it is a 202 without a message id. `number` counts from 0 in a run. A
    request that posts a batch has several `ids`.
    """

    due_ns: int
    sent_ns: int
    answered_ns: int = 0
    status: int = UNREADABLE
    ids: tuple[str, ...] = ()
    number: int = 0


@dataclass(slots=True)
class RequestWriter:
    """Writes the numbered requests of a run, to each of the paths in turn."""

    host: str
    paths: Sequence[str]
    token: str
    body: EventBody | BatchBody
    idempotency_prefix: str | None = None
    count: int = 0
    _heads: list[bytes] = field(default_factory=list, init=False)

    def __post_init__(self) -> None:
        self._heads = [
            (
                f"POST {path} HTTP/1.1\r\nHost: {self.host}\r\n"
                f"Authorization: Bearer {self.token}\r\nContent-Type: application/json\r\n"
                f"Content-Length: {len(self.body)}\r\n"
            ).encode("latin-1")
            for path in self.paths
        ]

    def next(self) -> bytes:
        head = self._heads[self.count % len(self._heads)]
        self.count += 1
        key = b""
        if self.idempotency_prefix is not None:
            key = f"Idempotency-Key: {self.idempotency_prefix}-{self.count}\r\n".encode()
        return b"%b%b\r\n%b" % (head, key, self.body.numbered(self.count))


class LoadConnection(asyncio.Protocol):
    """Sends one request at a time and reports its outcome.

    `on_idle(self)` is called when it can send: once connected and after each answer.
    `on_outcome(request)` is called before that; `on_lost()` when the connection has ended.
    """

    def __init__(
        self,
        writer: RequestWriter,
        on_idle: "Callable[[LoadConnection], None]",
        on_outcome: Callable[[Request], None],
        on_lost: Callable[[], None],
    ) -> None:
        self._writer = writer
        self._on_idle = on_idle
        self._on_outcome = on_outcome
        self._on_lost = on_lost
        self._decoder = msgspec.json.Decoder(_Answer)
        self._transport: asyncio.Transport | None = None
        self._request: Request | None = None
        self._buffer = b""

    @property
    def connected(self) -> bool:
        return self._transport is not None

    def send(self, due_ns: int | None = None) -> None:
        """Send the next request; only when idle and connected."""
        assert self._transport is not None
        now_ns = time.monotonic_ns()
        self._request = Request(
            due_ns=now_ns if due_ns is None else due_ns,
            sent_ns=now_ns,
            number=self._writer.count,
        )
        self._transport.write(self._writer.next())

    def close(self) -> None:
        if self._transport is not None:
            self._transport.abort()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: uvloop's transports are no subclasses.
        self._transport = cast("asyncio.Transport", transport)
        self._on_idle(self)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        if self._request is not None:
            self._finish(UNREADABLE)
        self._on_lost()

    def data_received(self, data: bytes) -> None:
        self._buffer = buffer = self._buffer + data if self._buffer else data
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            return
        head = buffer[: end + 2].lower()
        at = head.find(b"\r\ncontent-length:")
        if at < 0:
            self.close()
            return
        length = int(head[at + 17 : head.index(b"\r\n", at + 17)])
        if len(buffer) < end + 4 + length:
            return
        self._buffer = b""
        status = int(head[9:12])
        if self._request is not None:
            if status == 202:
                with suppress(msgspec.DecodeError):
                    self._request.ids = self._decoder.decode(buffer[end + 4 :]).ids()
                if not self._request.ids:
                    status = UNREADABLE
            self._finish(status)
        if b"\r\nconnection: close" in head:
            self.close()
        else:
            self._on_idle(self)

    def _finish(self, status: int) -> None:
        request, self._request = self._request, None
        assert request is not None
        request.status = status
        request.answered_ns = time.monotonic_ns()
        self._on_outcome(request)
