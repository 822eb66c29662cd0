"""TLS in front of a server that is built without it, as the tests' Postgres and Valkey are.

`postgres` speaks the start of Postgres's protocol, where the client asks for TLS in the clear.
"""

import asyncio
import socket
import ssl
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

import trustme

SSL_REQUEST = b"\x00\x00\x00\x08\x04\xd2\x16\x2f"
READ_BYTES_MAX = 64 * 1024


@dataclass
class TlsProxy:
    """An open proxy on loopback: its port, and the names of the clients' certificates."""

    port: int
    clients: list[str | None] = field(default_factory=list)


def server_context(
    authority: trustme.CA, *, name: str = "localhost", clients: trustme.CA | None = None
) -> ssl.SSLContext:
    """The context of a server; with `clients`, it asks for a certificate of that authority."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(name).configure_cert(context)
    if clients is not None:
        clients.configure_trust(context)
        context.verify_mode = ssl.CERT_REQUIRED
    return context


@asynccontextmanager
async def tls_proxy(
    target_port: int, context: ssl.SSLContext, *, postgres: bool = False
) -> AsyncIterator[TlsProxy]:
    """A proxy to `target_port`, until the end of `with`."""
    loop = asyncio.get_running_loop()
    listener = socket.create_server(("127.0.0.1", 0))
    listener.setblocking(False)
    proxy = TlsProxy(listener.getsockname()[1])
    tasks: set[asyncio.Task[None]] = set()

    async def accept() -> None:
        while True:
            accepted, _ = await loop.sock_accept(listener)
            tasks.add(loop.create_task(serve(accepted)))

    async def serve(accepted: socket.socket) -> None:
        with accepted, suppress(OSError):
            # Otherwise, as a server with hostssl lines only.
            if not postgres or await loop.sock_recv(accepted, 8) == SSL_REQUEST:
                if postgres:
                    await loop.sock_sendall(accepted, b"S")
                reader, writer = await _with_tls(accepted, context)
                proxy.clients.append(_name_of_client(writer))
                inner = await asyncio.open_connection("127.0.0.1", target_port)
                await asyncio.gather(_copy(reader, inner[1]), _copy(inner[0], writer))

    tasks.add(loop.create_task(accept()))
    try:
        yield proxy
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
        listener.close()


async def _with_tls(
    accepted: socket.socket, context: ssl.SSLContext
) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
    loop = asyncio.get_running_loop()
    reader = asyncio.StreamReader()
    protocol = asyncio.StreamReaderProtocol(reader)
    transport, _ = await loop.connect_accepted_socket(lambda: protocol, accepted, ssl=context)
    return reader, asyncio.StreamWriter(transport, protocol, reader, loop)


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while data := await reader.read(READ_BYTES_MAX):
            writer.write(data)
            await writer.drain()
    except OSError:
        return
    finally:
        writer.close()


def _name_of_client(writer: asyncio.StreamWriter) -> str | None:
    certificate = writer.get_extra_info("ssl_object").getpeercert()
    if not certificate:
        return None
    return str(certificate["subjectAltName"][0][1])
