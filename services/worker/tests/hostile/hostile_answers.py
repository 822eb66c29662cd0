"""Hostile receivers that read the request and say one thing, and those that spoil TLS."""

import asyncio
import os
import socket

from .hostile_behaviours import DRIP_PAUSE_S, OK, drip, kind, request_of, say

say("behaves", OK, closing=False)
say("body_shorter_than_its_length", b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc")
say("body_longer_than_its_length", OK + b"and some more", closing=False)
say("negative_length", b"HTTP/1.1 200 OK\r\nContent-Length: -5\r\n\r\nabc", closing=False)
say(
    "length_in_hex",
    b"HTTP/1.1 200 OK\r\nContent-Length: 0x5\r\n\r\nabcde",
    closing=False,
)
say("length_beyond_64_bits", b"HTTP/1.1 200 OK\r\nContent-Length: " + b"9" * 40 + b"\r\n\r\n")
say(
    "two_lengths",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok",
    closing=False,
)
say(
    "length_and_chunked",
    b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n"
    b"2\r\nok\r\n0\r\n\r\n",
    closing=False,
)
say(
    "chunked_garbage",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\nnot a chunk\r\n",
    closing=False,
)
say(
    "chunk_size_beyond_64_bits",
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\na",
    closing=False,
)
say("not_http", b"SSH-2.0-OpenSSH_9.9\r\n", closing=False)
say("http2_preface", b"\x00\x00\x12\x04\x00\x00\x00\x00\x00" + bytes(18), closing=False)
say("nul_in_a_header", b"HTTP/1.1 200 OK\r\nA\x00: b\r\n\r\n", closing=False)
say("header_without_a_name", b"HTTP/1.1 200 OK\r\n: b\r\n\r\n", closing=False)
say("folded_header", b"HTTP/1.1 200 OK\r\nA: b\r\n c\r\nContent-Length: 0\r\n\r\n", closing=False)
say("switching_protocols", b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", closing=False)
say("status_999", b"HTTP/1.1 999 Odd\r\nContent-Length: 0\r\n\r\n", closing=False)
say("empty", b"")


@kind
async def tls_garbage(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n" + bytes(range(256)))
    await writer.drain()


@kind
async def tls_silence(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read()


@kind
async def tls_drip(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await reader.read(1)
    # A handshake record that announces 16 KiB and never comes to its end.
    await drip(writer, b"\x16\x03\x03\x40\x00" + bytes(16_384))


@kind
async def tls_hangs_up(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
    await reader.read(1)


say("expired_certificate", OK, closing=False)
say("wrong_name_certificate", OK, closing=False)
say("name_only_as_common_name", OK, closing=False)


def beneath(writer: asyncio.StreamWriter) -> int:
    """The descriptor under the TLS layer."""
    return int(writer.get_extra_info("socket").fileno())


@kind
async def garbage_within_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n")
    await writer.drain()
    await asyncio.sleep(DRIP_PAUSE_S)
    os.write(beneath(writer), b"\x17\x03\x03\x00\x20" + bytes(32))
    await reader.read()


@kind
async def cut_off_within_tls(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    """A body that ends with the connection, and that without TLS's own farewell: whoever sits in
    between could have cut it."""
    await request_of(reader)
    writer.write(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nhalf a bo")
    await writer.drain()
    await asyncio.sleep(DRIP_PAUSE_S)
    socket.socket(fileno=os.dup(beneath(writer))).shutdown(socket.SHUT_WR)
    await asyncio.sleep(1)
