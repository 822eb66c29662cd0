"""Receivers on loopback that behave as badly as a test wants, and senders that may reach them."""

import asyncio
import contextlib
import ssl
import sys
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

import pytest
import trustme
import uvloop
from angarium_worker.adapters.destinations.webhook import (
    EgressRules,
    SenderLimits,
    WebhookSender,
    client_tls_context,
)
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest

# With importlib imports a test folder is on no path; this module stands beside its tests.
sys.path.append(str(Path(__file__).parent))

from egress_proxy import EgressProxy

type Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Production runs on uvloop; the standard loop must do as well."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@dataclass
class Receiver:
    """Serves each connection with the next behaviour; the last one serves all that follow.

    `ended` is set while no connection is open, once there was one.
    """

    behaviours: list[Behaviour]
    port: int = 0
    connections: int = 0
    open: int = 0
    requests: list[bytes] = field(default_factory=list)
    ended: asyncio.Event = field(default_factory=asyncio.Event)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/hook"

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        behaviour = self.behaviours[min(self.connections, len(self.behaviours) - 1)]
        self.connections += 1
        self.open += 1
        self.ended.clear()
        try:
            with contextlib.suppress(ConnectionError, asyncio.IncompleteReadError):
                await behaviour(reader, writer)
        finally:
            writer.close()
            self.open -= 1
            if self.open == 0:
                self.ended.set()

    async def read_request(self, reader: asyncio.StreamReader) -> bytes:
        head = await reader.readuntil(b"\r\n\r\n")
        length = int(head.lower().partition(b"content-length: ")[2].split(b"\r\n")[0])
        request = head + await reader.readexactly(length)
        self.requests.append(request)
        return request


@pytest.fixture
async def receive() -> AsyncIterator[Callable[..., Awaitable[Receiver]]]:
    """`await receive(behaviour_of(receiver), …, ssl=…)` starts one more receiver."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(*makers: Callable[[Receiver], Behaviour], **options: object) -> Receiver:
            receiver = Receiver([])
            receiver.behaviours = [make(receiver) for make in makers]
            server = await asyncio.start_server(
                receiver.serve,
                "127.0.0.1",
                0,
                **options,  # type: ignore[arg-type]
            )
            stack.callback(server.close)
            receiver.port = server.sockets[0].getsockname()[1]
            return receiver

        yield start


@pytest.fixture
async def make_sender() -> AsyncIterator[Callable[..., WebhookSender]]:
    """`make_sender(limits=…, lookup=…, tls=…, rules=…)`; closed at the end of the test."""
    async with contextlib.AsyncExitStack() as stack:

        def make(**options: object) -> WebhookSender:
            rules = options.pop("rules", EgressRules.parse(["127.0.0.0/8", "::1/128"]))
            tls = options.pop("tls", None) or client_tls_context()
            sender = WebhookSender(
                rules,
                tls,
                user_agent="Angarium/test",
                allow_http=True,
                **options,  # type: ignore[arg-type]
            )
            stack.push_async_callback(sender.aclose)
            return sender

        yield make


@pytest.fixture
def post() -> Callable[..., WebhookRequest]:
    def make(url: str, *, timeout_s: float = 5.0, body: bytes = b'{"a": 1}') -> WebhookRequest:
        headers = (("Content-Type", "application/json"), ("webhook-id", "msg_1"))
        return WebhookRequest(url, headers, body, timeout_s)

    return make


@pytest.fixture
def small_limits() -> SenderLimits:
    return SenderLimits(connections_max=3, connections_per_origin_max=2, waiting_max=2)


@pytest.fixture
async def start_proxy() -> AsyncIterator[Callable[..., Awaitable[EgressProxy]]]:
    """`await start_proxy(receiver, credentials=…, answer=…)` starts one more proxy."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(receiver: Receiver, **options: object) -> EgressProxy:
            proxy = EgressProxy(receiver.port, **options)  # type: ignore[arg-type]
            server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
            stack.callback(server.close)
            proxy.port = server.sockets[0].getsockname()[1]
            return proxy

        yield start


class Certificates:
    """An authority, a server of `*.hooks.example` and 127.0.0.1, and clients of the authority."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(self.ca_file)

    def server(self, *, asks_clients: bool = False) -> ssl.SSLContext:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("*.hooks.example", "127.0.0.1").configure_cert(context)
        if asks_clients:
            self._authority.configure_trust(context)
            context.verify_mode = ssl.CERT_REQUIRED
        return context

    def client(self, name: str) -> bytes:
        """PEM of a certificate and its key."""
        issued = self._authority.issue_cert(common_name=name)
        pem = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        return pem + issued.private_key_pem.bytes()


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)
