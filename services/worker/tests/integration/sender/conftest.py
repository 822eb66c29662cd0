"""Receivers on loopback that behave as badly as a test wants, and senders that may reach them."""

import asyncio
import contextlib
import ssl as tls_library
from collections.abc import AsyncIterator, Callable, Mapping
from pathlib import Path
from typing import Unpack

import pytest
import uvloop
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import SenderLimits, WebhookSender
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest

from .egress_proxy import EgressProxy
from .receivers import (
    Certificates,
    MakeBehaviour,
    MakePost,
    MakeSender,
    Receiver,
    SenderOptions,
    StartProxy,
    StartReceiver,
)


def pytest_asyncio_loop_factories() -> Mapping[str, Callable[[], asyncio.AbstractEventLoop]]:
    """Production runs on uvloop; the standard loop must do as well."""
    return {"uvloop": uvloop.new_event_loop, "asyncio": asyncio.new_event_loop}


@pytest.fixture
async def receive() -> AsyncIterator[StartReceiver]:
    """`await receive(behaviour_of(receiver), …, ssl=…)` starts one more receiver."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(
            *makers: MakeBehaviour, ssl: tls_library.SSLContext | None = None
        ) -> Receiver:
            receiver = Receiver([])
            receiver.behaviours = [make(receiver) for make in makers]
            server = await asyncio.start_server(receiver.serve, "127.0.0.1", 0, ssl=ssl)
            stack.callback(server.close)
            receiver.port = server.sockets[0].getsockname()[1]
            return receiver

        yield start


@pytest.fixture
async def make_sender() -> AsyncIterator[MakeSender]:
    """`make_sender(limits=…, lookup=…, tls=…, rules=…)`; closed at the end of the test."""
    async with contextlib.AsyncExitStack() as stack:

        def make(
            *,
            rules: EgressRules | None = None,
            tls: tls_library.SSLContext | None = None,
            **options: Unpack[SenderOptions],
        ) -> WebhookSender:
            sender = WebhookSender(
                EgressRules.parse(["127.0.0.0/8", "::1/128"]) if rules is None else rules,
                tls or client_tls_context(),
                user_agent="Angarium/test",
                allow_http=True,
                **options,
            )
            stack.push_async_callback(sender.aclose)
            return sender

        yield make


@pytest.fixture
def post() -> MakePost:
    def make(url: str, *, timeout_s: float = 5.0, body: bytes = b'{"a": 1}') -> WebhookRequest:
        headers = (("Content-Type", "application/json"), ("webhook-id", "msg_1"))
        return WebhookRequest(url, headers, body, timeout_s)

    return make


@pytest.fixture
def small_limits() -> SenderLimits:
    return SenderLimits(connections_max=3, connections_per_origin_max=2, waiting_max=2)


@pytest.fixture
async def start_proxy() -> AsyncIterator[StartProxy]:
    """`await start_proxy(receiver, credentials=…, answer=…)` starts one more proxy."""
    async with contextlib.AsyncExitStack() as stack:

        async def start(
            receiver: Receiver,
            *,
            credentials: tuple[bytes, bytes] | None = None,
            answer: bytes | None = None,
        ) -> EgressProxy:
            proxy = EgressProxy(receiver.port, credentials, answer)
            server = await asyncio.start_server(proxy.serve, "127.0.0.1", 0)
            stack.callback(server.close)
            proxy.port = server.sockets[0].getsockname()[1]
            return proxy

        yield start


@pytest.fixture
def certificates(tmp_path: Path) -> Certificates:
    return Certificates(tmp_path)
