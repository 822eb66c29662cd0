"""Receivers on loopback and their certificates, and what the fixtures of these tests make."""

import asyncio
import contextlib
import ssl as tls_library
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol, TypedDict, Unpack

import trustme
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.own_addresses import OwnAddresses
from angarium_webhooks.egress.proxy_url import Proxy
from angarium_worker.adapters.destinations.webhook import SenderLimits, WebhookSender
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest

from .egress_proxy import EgressProxy

type Behaviour = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
type MakeBehaviour = Callable[[Receiver], Behaviour]


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


class Certificates:
    """An authority, a server of `*.hooks.example` and 127.0.0.1, and clients of the authority."""

    def __init__(self, folder: Path) -> None:
        self._authority = trustme.CA()
        self.ca_file = folder / "ca.pem"
        self._authority.cert_pem.write_to_path(self.ca_file)

    def server(self, *, asks_clients: bool = False) -> tls_library.SSLContext:
        context = tls_library.SSLContext(tls_library.PROTOCOL_TLS_SERVER)
        self._authority.issue_cert("*.hooks.example", "127.0.0.1").configure_cert(context)
        if asks_clients:
            self._authority.configure_trust(context)
            context.verify_mode = tls_library.CERT_REQUIRED
        return context

    def client(self, name: str) -> bytes:
        """PEM of a certificate and its key."""
        issued = self._authority.issue_cert(common_name=name)
        pem = b"".join(blob.bytes() for blob in issued.cert_chain_pems)
        return pem + issued.private_key_pem.bytes()


class StartReceiver(Protocol):
    """Starts one more receiver, with one behaviour for each connection."""

    def __call__(
        self, *makers: MakeBehaviour, ssl: tls_library.SSLContext | None = None
    ) -> Awaitable[Receiver]: ...


class StartProxy(Protocol):
    """Starts one more egress proxy in front of a receiver."""

    def __call__(
        self,
        receiver: Receiver,
        *,
        credentials: tuple[bytes, bytes] | None = None,
        answer: bytes | None = None,
    ) -> Awaitable[EgressProxy]: ...


class SenderOptions(TypedDict, total=False):
    """Arguments of `WebhookSender` that a test may replace."""

    limits: SenderLimits
    lookup: Callable[[str], list[str]]
    make_tls: Callable[[], tls_library.SSLContext]
    proxy: Proxy
    own_addresses: OwnAddresses


class MakeSender(Protocol):
    """Makes a sender, which may reach loopback unless `rules` say otherwise."""

    def __call__(
        self,
        *,
        rules: EgressRules | None = None,
        tls: tls_library.SSLContext | None = None,
        **options: Unpack[SenderOptions],
    ) -> WebhookSender: ...


class MakePost(Protocol):
    """Makes a request that posts `body` to a URL."""

    def __call__(
        self, url: str, *, timeout_s: float = 5.0, body: bytes = b'{"a": 1}'
    ) -> WebhookRequest: ...
