"""A webhook receiver in a process of its own, cheap enough not to disturb what is measured.

    python receiver.py --port 0 --ledger FILE

prints `{"port": N, "pid": N}` as its first line and serves until SIGTERM, then writes its ledger
to FILE as JSON lines. The first part of a path is the behaviour; what follows is free, so that
`/ok/a` and `/ok/b` tell two endpoints apart:

    POST /ok             200
    POST /fail/N         500 for the first N receptions of each webhook id, then 200
    POST /flaky/N        500 for the first reception of about one in N webhook ids, else 200
    POST /fail/N/CODE    the same with another status
    POST /status/CODE    CODE
    POST /delay/MS       200 after MS milliseconds
    POST /hang           no answer
    GET  /ledger         totals and receptions by path
    GET  /ledger/entries[/START/COUNT]      the entries (see ledger.Entry), 1,000,000 at most
    GET  /ledger/wait/DISTINCT/TIMEOUT_MS   answers when so many were received, or 504
    DELETE /ledger       forget everything

HTTP/1.1 with keep-alive and content-length only, one request at a time on a connection.
"""

import argparse
import asyncio
import os
import signal
import sys
import time
from pathlib import Path
from typing import cast
from zlib import crc32

import msgspec
import uvloop
from ledger import Entry, Ledger

HEAD_BYTES_MAX = 64 * 1024
BODY_BYTES_MAX = 64 * 1024 * 1024
ENTRIES_PER_ANSWER_MAX = 1_000_000
DELAY_MS_MAX = 600_000
_OK = b"HTTP/1.1 200 OK\r\ncontent-type: text/plain\r\ncontent-length: 2\r\n\r\nok"


def _answer(status: int, body: bytes = b"", kind: bytes = b"text/plain") -> bytes:
    if status == 204 or status < 200:
        return b"HTTP/1.1 %d Status\r\n\r\n" % status
    return b"HTTP/1.1 %d Status\r\ncontent-type: %b\r\ncontent-length: %d\r\n\r\n%b" % (
        status,
        kind,
        len(body),
        body,
    )


def _header(head: bytes, lowered: bytes, name: bytes) -> bytes:
    at = lowered.find(b"\r\n" + name + b":")
    if at < 0:
        return b""
    start = at + len(name) + 3
    return head[start : head.index(b"\r\n", start)].strip()


def _number(parts: list[bytes], index: int, most: int, default: int = 0) -> int:
    if len(parts) <= index or not parts[index].isdigit():
        return default
    return min(int(parts[index]), most)


class Receiver(asyncio.Protocol):
    """One connection: parses requests, records them, answers as their path says."""

    def __init__(self, ledger: Ledger, loop: asyncio.AbstractEventLoop) -> None:
        self._ledger = ledger
        self._loop = loop
        self._buffer = b""
        self._wanted_bytes = 0
        self._transport: asyncio.Transport | None = None
        self._tasks: set[asyncio.Task[None]] = set()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        # A cast: uvloop's transports are no subclasses.
        self._transport = cast("asyncio.Transport", transport)

    def connection_lost(self, exc: Exception | None) -> None:
        self._transport = None
        for task in self._tasks:
            task.cancel()

    def data_received(self, data: bytes) -> None:
        self._buffer = self._buffer + data if self._buffer else data
        while len(self._buffer) > self._wanted_bytes:
            if not self._take_request():
                return

    def _take_request(self) -> bool:
        """Handle the request at the buffer's start; False while it is incomplete."""
        buffer = self._buffer
        end = buffer.find(b"\r\n\r\n")
        if end < 0:
            if len(buffer) > HEAD_BYTES_MAX:
                self._refuse(431)
            return False
        head = buffer[: end + 2]
        lowered = head.lower()
        length = _header(head, lowered, b"content-length") or b"0"
        if b"\r\ntransfer-encoding:" in lowered or not length.isdigit():
            self._refuse(411)
            return False
        body_end = end + 4 + int(length)
        if body_end > BODY_BYTES_MAX:
            self._refuse(413)
            return False
        if len(buffer) < body_end:
            self._wanted_bytes = body_end - 1
            return False
        self._wanted_bytes = 0
        self._buffer = buffer[body_end:]
        self._handle(head, lowered, buffer[end + 4 : body_end])
        return True

    def _refuse(self, status: int) -> None:
        self._buffer = b""
        if self._transport is not None:
            self._transport.write(_answer(status))
            self._transport.close()

    def _handle(self, head: bytes, lowered: bytes, body: bytes) -> None:
        method, path, _ = head.split(b" ", 2)
        if path.startswith(b"/ledger"):
            task = self._loop.create_task(self._control(method, path.split(b"/")))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
            return
        entry = self._ledger.receive(
            path,
            _header(head, lowered, b"webhook-id"),
            time.monotonic_ns(),
            _header(head, lowered, b"webhook-timestamp"),
            _header(head, lowered, b"webhook-signature"),
        )
        if entry is not None and self._ledger.keeps_bodies:
            self._ledger.keep_body(entry, body)
        if path.startswith(b"/ok"):
            self._reply(200, entry)
        else:
            self._behave(path.split(b"/"), entry)

    def _behave(self, parts: list[bytes], entry: Entry | None) -> None:
        match parts[1]:
            case b"fail":
                failing = entry is None or entry.times <= _number(parts, 2, 1_000_000)
                status = max(400, _number(parts, 3, 599, default=500))
                self._reply(status if failing else 200, entry)
            case b"flaky":
                one_in = max(1, _number(parts, 2, 1_000_000, default=10))
                failing = entry is None or (
                    entry.times == 1 and crc32(entry.id.encode()) % one_in == 0
                )
                self._reply(500 if failing else 200, entry)
            case b"status":
                self._reply(max(100, _number(parts, 2, 599, default=200)), entry)
            case b"delay":
                delay_s = _number(parts, 2, DELAY_MS_MAX) / 1000
                self._loop.call_later(delay_s, self._reply, 200, entry)
            case b"hang":
                pass
            case _:
                self._reply(404, entry)

    def _reply(self, status: int, entry: Entry | None) -> None:
        if self._transport is None or self._transport.is_closing():
            return
        if entry is not None and 200 <= status < 300:
            entry.accepted_times += 1
        self._transport.write(_OK if status == 200 else _answer(status, b"no"))

    async def _control(self, method: bytes, parts: list[bytes]) -> None:
        status, value = await self._controlled(method, parts[2:])
        if self._transport is not None:
            body = msgspec.json.encode(value)
            self._transport.write(_answer(status, body, b"application/json"))

    async def _controlled(self, method: bytes, parts: list[bytes]) -> tuple[int, object]:
        match method, parts:
            case b"DELETE", []:
                self._ledger.clear()
                return 200, {}
            case b"GET", []:
                return 200, self._ledger.summary()
            case b"GET", [b"entries", *_]:
                start = _number(parts, 1, sys.maxsize)
                count = _number(parts, 2, ENTRIES_PER_ANSWER_MAX, default=ENTRIES_PER_ANSWER_MAX)
                return 200, self._ledger.entries(start, count)
            case b"GET", [b"wait", _, _]:
                timeout_s = _number(parts, 2, DELAY_MS_MAX) / 1000
                reached = await self._ledger.wait_for(_number(parts, 1, sys.maxsize), timeout_s)
                return (200 if reached else 504), self._ledger.summary()
            case _:
                return 404, {}


async def serve(host: str, port: int, ledger: Ledger, ledger_path: Path | None) -> None:
    loop = asyncio.get_running_loop()
    stopped = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stopped.set)
    server = await loop.create_server(lambda: Receiver(ledger, loop), host, port, backlog=4096)
    bound = server.sockets[0].getsockname()[1]
    print(msgspec.json.encode({"port": bound, "pid": os.getpid()}).decode(), flush=True)
    await stopped.wait()
    server.close()
    if ledger_path is not None:
        ledger.write(ledger_path)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=0)
    parser.add_argument("--ledger", type=Path, help="file to write the ledger to at the end")
    parser.add_argument("--keep-bodies", action="store_true", help="keep bodies in the ledger")
    given = parser.parse_args()
    ledger = Ledger(keeps_bodies=given.keep_bodies)
    uvloop.run(serve(given.host, given.port, ledger, given.ledger))


if __name__ == "__main__":
    main()
