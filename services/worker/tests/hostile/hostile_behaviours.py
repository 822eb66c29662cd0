"""What hostile receivers do with a connection, by the name of the kind."""

import asyncio
import socket
import struct
import zlib
from collections.abc import Awaitable, Callable

type Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
DRIP_PAUSE_S = 0.05
# Two hundred times this would show in the sender's memory.
FLOOD_BYTES = 4 * 1024 * 1024
# A gzip member of a quarter of a megabyte that unpacks to 256.
BOMB = zlib.compress(bytes(2**28), 6, wbits=31)
KINDS: dict[str, Behaviour] = {}


def kind(behaviour: Behaviour) -> Behaviour:
    """Serve this under the function's name."""
    KINDS[behaviour.__name__] = behaviour
    return behaviour


async def request_of(reader: asyncio.StreamReader) -> None:
    head = await reader.readuntil(b"\r\n\r\n")
    length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
    await reader.readexactly(length)


async def drip(writer: asyncio.StreamWriter, data: bytes, pause_s: float = DRIP_PAUSE_S) -> None:
    """Byte by byte, for as long as the other side stays."""
    for octet in data:
        if writer.is_closing():
            return
        writer.write(bytes((octet,)))
        await asyncio.sleep(pause_s)


async def flood(writer: asyncio.StreamWriter, data: bytes) -> None:
    """The same bytes, as fast as the other side takes them, and far more than it should."""
    for _ in range(FLOOD_BYTES // len(data)):
        if writer.is_closing():
            return
        writer.write(data)
        await writer.drain()
        await asyncio.sleep(0)


def say(name: str, answer: bytes, *, closing: bool = True) -> None:
    """A kind that reads the request, says this, and closes or stays."""

    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await request_of(reader)
        writer.write(answer)
        await writer.drain()
        if not closing:
            await reader.read()

    KINDS[name] = behave


def reset(writer: asyncio.StreamWriter) -> None:
    connection = writer.get_extra_info("socket")
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    writer.transport.abort()


@kind
async def drip_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    await drip(writer, b"HTTP/1.1 200 OK\r\nX-Slow: " + b"a" * 100_000)


@kind
async def drip_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n")
    await drip(writer, b"a" * 100_000)


@kind
async def drip_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await drip(writer, b"1\r\na\r\n" * 20_000)


@kind
async def event_stream(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n")
    await drip(writer, b"data: 1\n\n" * 10_000)


@kind
async def tires_of_kept_connections(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Like a load balancer whose time for the next request ends as the request arrives."""
    await request_of(reader)
    writer.write(OK)
    await request_of(reader)
    writer.write(b"HTTP/1.1 408 Request Time-out\r\nConnection: close\r\n\r\n")


@kind
async def drip_interim(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    await drip(writer, b"HTTP/1.1 102 Processing\r\n\r\n" * 10_000)


@kind
async def endless_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\n")
    await flood(writer, b"endless " * 8_192)


@kind
async def endless_chunks(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    await flood(writer, b"10\r\n0123456789abcdef\r\n" * 4_096)


@kind
async def endless_chunk_extension(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1;")
    await flood(writer, b"x" * 65_536)


@kind
async def endless_trailers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n")
    await flood(writer, b"X-Trailer: abcdefgh\r\n" * 2_048)


@kind
async def endless_interim(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    await flood(writer, b"HTTP/1.1 100 Continue\r\n\r\n" * 1_024)


@kind
async def endless_reason_phrase(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 ")
    await flood(writer, b"very well then " * 4_096)


@kind
async def one_giant_header(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nX-Giant: ")
    await flood(writer, b"g" * 65_536)


@kind
async def countless_headers(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\n")
    await flood(writer, b"A: b\r\n" * 8_192)


@kind
async def gzip_bomb(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\n")
    writer.write(b"Content-Length: %d\r\n\r\n" % len(BOMB))
    writer.write(BOMB)
    await writer.drain()
    await reader.read()


@kind
async def no_response(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


@kind
async def half_closed(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write_eof()
    await reader.read()


@kind
async def half_closed_within_the_head(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Le")
    writer.write_eof()
    await reader.read()


@kind
async def reset_before_the_response(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await request_of(reader)
    reset(writer)


@kind
async def reset_mid_body(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\nabc")
    await writer.drain()
    # The bytes must be on their way, or the reset overtakes them.
    await asyncio.sleep(DRIP_PAUSE_S)
    reset(writer)


@kind
async def early_response_and_close(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    """Most of the request is left unread: the kernel resets the connection, perhaps before the
    other side has read the answer."""
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.1 413 Too Large\r\nConnection: close\r\nContent-Length: 0\r\n\r\n")


@kind
async def response_before_the_request_is_written(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    await reader.readuntil(b"\r\n\r\n")
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    writer.write(b"HTTP/1.1 202 Accepted\r\nContent-Length: 2\r\n\r\nok")
    await writer.drain()
    await asyncio.sleep(2)


@kind
async def speaks_first(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.write(OK)
    await reader.read()


@kind
async def never_reads(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    writer.transport.pause_reading()  # type: ignore[attr-defined]
    await asyncio.sleep(20)


@kind
async def smuggles_a_second_response(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter
) -> None:
    while True:
        await request_of(reader)
        writer.write(OK + b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")


@kind
async def smuggles_while_idle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while True:
        await request_of(reader)
        writer.write(OK)
        await asyncio.sleep(DRIP_PAUSE_S)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
