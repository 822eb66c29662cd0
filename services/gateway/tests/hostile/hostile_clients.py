"""Crowds of hostile clients; a process of its own, so that their memory is not the gateway's.

    hostile_clients.py <port> <API key>

Reads names of kinds, a line each. For each, two hundred clients of that kind connect at once;
when the gateway has ended all their connections, prints how many read which status, as JSON.
"""

import asyncio
import json
import os
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import suppress

import uvloop

CROWD = 200
PORT, KEY = int(sys.argv[1]), sys.argv[2]
GET = b"GET /api/v1/health HTTP/1.1\r\n"
POST = b"POST /api/v1/app/acme/msg HTTP/1.1\r\n"
HOST = b"Host: angarium.test\r\n"
CHUNKED = b"Transfer-Encoding: chunked\r\n\r\n"
LONG = b"a" * 64 * 1024
IDENTIFIED = b"Authorization: Bearer " + KEY.encode() + b"\r\n"

type Bytes = AsyncIterator[bytes]


async def says_nothing() -> Bytes:
    yield b""


async def half_a_head() -> Bytes:
    yield GET + HOST + b"X: a"


async def drips_the_head() -> Bytes:
    yield GET + HOST + b"X: "
    while True:
        yield b"a"
        await asyncio.sleep(0.1)


async def drips_the_body() -> Bytes:
    yield POST + HOST + IDENTIFIED + b"Content-Length: 100000\r\n\r\n"
    while True:
        yield b"a"
        await asyncio.sleep(0.1)


async def endless_url() -> Bytes:
    yield b"GET /"
    while True:
        yield LONG


async def endless_header() -> Bytes:
    yield GET + HOST + b"X: "
    while True:
        yield LONG


async def countless_headers() -> Bytes:
    yield GET + HOST
    while True:
        yield b"X: a\r\n" * 10_000


async def endless_trailers() -> Bytes:
    yield POST + HOST + IDENTIFIED + CHUNKED + b"2\r\n{}\r\n0\r\n"
    while True:
        yield b"X: a\r\n" * 10_000


async def tiny_chunks() -> Bytes:
    yield POST + HOST + IDENTIFIED + CHUNKED
    while True:
        yield b"1\r\n \r\n" * 10_000


async def endless_chunk_extension() -> Bytes:
    yield POST + HOST + IDENTIFIED + CHUNKED + b"5;"
    while True:
        yield LONG


async def endless_body_of_a_stranger() -> Bytes:
    yield POST + HOST + b"Content-Length: 10000000000\r\n\r\n"
    while True:
        yield LONG


async def pipelined_requests_without_end() -> Bytes:
    while True:
        yield (GET + HOST + b"\r\n") * 1_000


async def two_lengths() -> Bytes:
    yield POST + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na"


async def unknown_key() -> Bytes:
    yield POST + HOST + b"Authorization: Bearer ang_sk_unknown\r\nContent-Length: 2\r\n\r\n{}"


async def behaves() -> Bytes:
    yield GET + HOST + b"\r\n"
    yield GET + HOST + b"Connection: close\r\n\r\n"


KINDS: dict[str, Callable[[], Bytes]] = {
    kind.__name__: kind
    for kind in (
        says_nothing, half_a_head, drips_the_head, drips_the_body, endless_url, endless_header,
        countless_headers, endless_trailers, tiny_chunks, endless_chunk_extension,
        endless_body_of_a_stranger, pipelined_requests_without_end, two_lengths, unknown_key,
        behaves,
    )
}  # fmt: skip


async def client(kind: Callable[[], Bytes]) -> int | None:
    """Misbehave until the gateway ends the connection; the last status that was read."""
    reader, writer = await asyncio.open_connection("127.0.0.1", PORT)
    speaking = asyncio.create_task(speak(kind, writer))
    try:
        return await last_status(reader)
    finally:
        speaking.cancel()
        writer.close()


async def speak(kind: Callable[[], Bytes], writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        async for part in kind():
            writer.write(part)
            await writer.drain()
            await asyncio.sleep(0.005)


async def last_status(reader: asyncio.StreamReader) -> int | None:
    status = None
    with suppress(OSError):
        while line := await reader.readline():
            if line.startswith(b"HTTP/1.1 "):
                status = int(line.split()[1])
            _, _, later = line.partition(b"}HTTP/1.1 ")
            if later:
                status = int(later.split()[0])
    return status


async def crowd(kind: str) -> dict[str, int]:
    statuses = await asyncio.gather(*[client(KINDS[kind]) for _ in range(CROWD)])
    return {str(status): count for status, count in Counter(statuses).items()}


async def main() -> None:
    loop = asyncio.get_running_loop()
    while kind := await loop.run_in_executor(None, sys.stdin.readline):
        print(json.dumps(await crowd(kind.strip())), flush=True)


if __name__ == "__main__":
    # What making up the attacks costs is not the gateway's.
    os.nice(10)
    uvloop.run(main())
