"""A name server that changes its mind: public when checked, private when dialled.

A real server on UDP and a resolver that asks it anew for every attempt. 127.0.0.2 stands for the
public internet, everything else on loopback is private and full of canaries.
"""

import asyncio
import socket
import struct
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from ipaddress import ip_address

import pytest
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import SenderLimits, WebhookSender
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest
from angarium_worker.domain.attempt_result import FailureReason

PUBLIC = "127.0.0.2"
PRIVATE = "127.0.0.1"
A, AAAA = 1, 28
ATTEMPTS = 60


@dataclass
class NameServer(asyncio.DatagramProtocol):
    """Answers the nth question of a kind with what `answers` gives for n, for 0 seconds."""

    answers: Callable[[int, int], list[str]] = lambda _number, _kind: []
    asked: dict[int, int] = field(default_factory=lambda: {A: 0, AAAA: 0})
    address: tuple[str, int] = ("", 0)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.DatagramTransport)
        self._transport = transport
        self.address = transport.get_extra_info("sockname")

    def datagram_received(self, data: bytes, addr: tuple[str, int]) -> None:
        kind = int.from_bytes(data[-4:-2], "big")
        addresses = [ip_address(text) for text in self.answers(self.asked[kind], kind)]
        self.asked[kind] += 1
        records = b"".join(
            struct.pack("!HHHIH", 0xC00C, kind, 1, 0, len(found.packed)) + found.packed
            for found in addresses
        )
        head = data[:2] + struct.pack("!HHHHH", 0x8580, 1, len(addresses), 0, 0)
        self._transport.sendto(head + data[12:] + records, addr)


def ask(server: tuple[str, int], host: str, kind: int) -> list[str]:
    """A stub resolver's one question (RFC 1035, section 4); blocks."""
    name = b"".join(bytes([len(label)]) + label.encode() for label in host.split("."))
    question = struct.pack("!HHHHHH", 7, 0x0100, 1, 0, 0, 0) + name + b"\0"
    question += struct.pack("!HH", kind, 1)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as asking:
        asking.settimeout(5)
        asking.sendto(question, server)
        reply = asking.recv(4096)
    at, found = len(question), []
    for _ in range(int.from_bytes(reply[6:8], "big")):
        length = int.from_bytes(reply[at + 10 : at + 12], "big")
        found.append(str(ip_address(reply[at + 12 : at + 12 + length])))
        at += 12 + length
    return found


@dataclass
class Scene:
    """Listeners at one port of the public and of the private address, and who came."""

    server: NameServer
    sender: WebhookSender
    port: int
    public_hits: int = 0
    private_hits: int = 0

    async def post(self) -> FailureReason | int | None:
        url = f"http://rebind.example:{self.port}/"
        outcome = await self.sender.send(WebhookRequest(url, (), b"{}", 5.0))
        return outcome.response_status or outcome.reason


@pytest.fixture
async def scene() -> AsyncIterator[Scene]:
    async with AsyncExitStack() as stack:
        loop = asyncio.get_running_loop()
        transport, server = await loop.create_datagram_endpoint(
            NameServer, local_addr=("127.0.0.1", 0)
        )
        stack.callback(transport.close)
        sender = WebhookSender(
            EgressRules.parse([f"{PUBLIC}/32"]),
            client_tls_context(),
            user_agent="Angarium/test",
            allow_http=True,
            limits=SenderLimits(name_lifetime_s=0.0),
            lookup=lambda host: ask(server.address, host, A) + ask(server.address, host, AAAA),
        )
        stack.push_async_callback(sender.aclose)
        scene = Scene(server, sender, 0)

        async def welcome(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            scene.public_hits += 1
            await reader.readuntil(b"\r\n\r\n{}")
            writer.write(b"HTTP/1.1 204 No\r\nConnection: close\r\n\r\n")
            writer.close()

        async def canary(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            scene.private_hits += 1
            writer.close()

        public = await stack.enter_async_context(await asyncio.start_server(welcome, PUBLIC, 0))
        scene.port = public.sockets[0].getsockname()[1]
        for private in (PRIVATE, "::1"):
            await stack.enter_async_context(await asyncio.start_server(canary, private, scene.port))
        yield scene


async def test_the_second_answer_of_a_rebinding_name_is_never_dialled(scene: Scene) -> None:
    scene.server.answers = lambda number, kind: (
        [] if kind == AAAA else [PUBLIC] if number == 0 else [PRIVATE]
    )
    assert await scene.post() == 204
    assert await scene.post() is FailureReason.ADDRESS_NOT_ALLOWED
    assert (scene.public_hits, scene.private_hits) == (1, 0)


@pytest.mark.parametrize(
    "answers",
    [
        lambda number, kind: [] if kind == AAAA else [(PUBLIC, PRIVATE)[number % 2]],
        lambda number, kind: [] if kind == AAAA else [PUBLIC, PRIVATE][:: 1 - 2 * (number % 2)],
        lambda number, kind: ["::1"] if kind == AAAA else [PUBLIC],
        lambda number, kind: ["::ffff:127.0.0.1"] if kind == AAAA else [PUBLIC],
        lambda number, kind: [] if kind == AAAA else [PUBLIC] * 60 + [PRIVATE],
        lambda number, kind: [] if kind == AAAA else [PUBLIC] * 64 + [PRIVATE],
        lambda number, kind: (["::1"] if number % 3 else []) if kind == AAAA else [PUBLIC],
        lambda number, kind: [] if kind == AAAA else ["0.0.0.0"],
    ],
    ids=[
        "by turns", "both, either first", "other family", "mapped", "last of many",
        "one too many", "other family by turns", "unspecified",
    ],
)  # fmt: skip
async def test_whatever_a_name_server_mixes_no_private_address_is_dialled(
    scene: Scene, answers: Callable[[int, int], list[str]]
) -> None:
    scene.server.answers = answers
    async with asyncio.TaskGroup() as group:
        posts = [group.create_task(scene.post()) for _ in range(ATTEMPTS)]
    outcomes = [await scene.post() for _ in range(ATTEMPTS)] + [post.result() for post in posts]
    refusals = {FailureReason.ADDRESS_NOT_ALLOWED, FailureReason.DNS_FAILED, 204}
    assert set(outcomes) <= refusals
    assert set(outcomes) != {204}
    assert scene.private_hits == 0
    assert scene.public_hits == outcomes.count(204)
