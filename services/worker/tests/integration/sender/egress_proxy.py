"""An egress proxy for tests: HTTP CONNECT and SOCKS5 on one port, with or without a password."""

import asyncio
import base64
import contextlib
import ipaddress
from dataclasses import dataclass, field


@dataclass
class EgressProxy:
    """Relays to `receiver_port` on loopback, whatever it is asked for, and notes what that was.

    `credentials` are what it asks for; `answer` replaces what it answers to CONNECT or to the
    SOCKS5 request, after which it hangs up.
    """

    receiver_port: int
    credentials: tuple[bytes, bytes] | None = None
    answer: bytes | None = None
    port: int = 0
    asked_for: list[tuple[str, int]] = field(default_factory=list)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
            first = await reader.readexactly(1)
            greet = self._socks5 if first == b"\x05" else self._connect
            if await greet(reader, writer):
                await self._relay(reader, writer)
        writer.close()

    async def _connect(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        host, _, port = head.split(" ")[1].rpartition(":")
        self.asked_for.append((host.strip("[]"), int(port)))
        if self.credentials is not None:
            expected = base64.b64encode(b":".join(self.credentials)).decode()
            if f"Proxy-Authorization: Basic {expected}\r\n" not in head:
                writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\n\r\n")
                return False
        writer.write(self.answer or b"HTTP/1.1 200 Connection established\r\nVia: a test\r\n\r\n")
        return self.answer is None

    async def _socks5(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        methods = await reader.readexactly((await reader.readexactly(1))[0])
        method = 0 if self.credentials is None else 2
        if method not in methods:
            writer.write(b"\x05\xff")
            return False
        writer.write(bytes((5, method)))
        if self.credentials is not None:
            await reader.readexactly(1)
            user = await reader.readexactly((await reader.readexactly(1))[0])
            password = await reader.readexactly((await reader.readexactly(1))[0])
            writer.write(b"\x01\x00" if (user, password) == self.credentials else b"\x01\x01")
            if (user, password) != self.credentials:
                return False
        kind = (await reader.readexactly(4))[3]
        packed = await reader.readexactly(4 if kind == 1 else 16)
        port = int.from_bytes(await reader.readexactly(2), "big")
        self.asked_for.append((str(ipaddress.ip_address(packed)), port))
        # The address it is bound to, as a name: the longest form there is.
        writer.write(self.answer or b"\x05\x00\x00\x03\x04test\x00\x50")
        return self.answer is None

    async def _relay(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        theirs, ours = await asyncio.open_connection("127.0.0.1", self.receiver_port)
        async with asyncio.TaskGroup() as group:
            group.create_task(_copy(reader, ours))
            group.create_task(_copy(theirs, writer))


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65_536):
            writer.write(data)
    writer.close()
