"""TLS carries what plain connections carry: large bodies, ends, and nothing that nobody asked."""

import asyncio
import os

import pytest
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook import WebhookSender
from angarium_worker.domain.attempt_result import FailureReason

from .receivers import (
    Behaviour,
    Certificates,
    MakeBehaviour,
    MakePost,
    MakeSender,
    Receiver,
    StartReceiver,
)


@pytest.fixture
async def tls_sender(make_sender: MakeSender, certificates: Certificates) -> WebhookSender:
    return make_sender(tls=client_tls_context(certificates.ca_file), lookup=lambda _: ["127.0.0.1"])


def responds(*parts: bytes, closes: bool = False) -> MakeBehaviour:
    """Each request gets these bytes, each part in a write of its own."""

    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await receiver.read_request(reader)
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0)
                if closes:
                    return

        return behave

    return make


def head(length: int) -> bytes:
    return b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % length


@pytest.mark.parametrize("body_bytes", [0, 1, 4_095, 4_097, 70_000, 1_000_000])
async def test_a_body_of_any_size_arrives_whole(
    receive: StartReceiver,
    tls_sender: WebhookSender,
    post: MakePost,
    certificates: Certificates,
    body_bytes: int,
) -> None:
    body = bytes(number % 251 for number in range(body_bytes))
    receiver = await receive(responds(head(2) + b"ok"), ssl=certificates.server())
    request = post(f"https://a.hooks.example:{receiver.port}/", body=body)
    first, second = await tls_sender.send(request), await tls_sender.send(request)
    assert (first.response_status, second.connection_reused) == (200, True)
    assert all(sent.endswith(b"\r\n\r\n" + body) for sent in receiver.requests)


@pytest.mark.parametrize("size", [2_047, 16_000, 60_000])
async def test_a_long_answer_is_read_and_its_connection_kept(
    receive: StartReceiver,
    tls_sender: WebhookSender,
    post: MakePost,
    certificates: Certificates,
    size: int,
) -> None:
    body = bytes(number % 251 for number in range(size))
    receiver = await receive(responds(head(size), body), ssl=certificates.server())
    request = post(f"https://a.hooks.example:{receiver.port}/")
    for reused in (False, True):
        outcome = await tls_sender.send(request)
        assert outcome.response == body[:16_384]
        assert (outcome.response_truncated, outcome.connection_reused) == (size > 16_384, reused)


async def test_an_answer_may_end_with_the_connection(
    receive: StartReceiver, tls_sender: WebhookSender, post: MakePost, certificates: Certificates
) -> None:
    receiver = await receive(
        responds(b"HTTP/1.1 200 OK\r\n\r\n", b"to the end", closes=True),
        ssl=certificates.server(),
    )
    outcome = await tls_sender.send(post(f"https://a.hooks.example:{receiver.port}/"))
    assert (outcome.response_status, outcome.response) == (200, b"to the end")
    assert tls_sender.connections_open == 0


async def test_an_answer_cut_off_is_no_answer(
    receive: StartReceiver, tls_sender: WebhookSender, post: MakePost, certificates: Certificates
) -> None:
    receiver = await receive(responds(head(100), b"half", closes=True), ssl=certificates.server())
    outcome = await tls_sender.send(post(f"https://a.hooks.example:{receiver.port}/"))
    assert outcome.reason is FailureReason.CONNECTION_CLOSED


async def test_bytes_after_the_answer_end_the_connection(
    receive: StartReceiver, tls_sender: WebhookSender, post: MakePost, certificates: Certificates
) -> None:
    receiver = await receive(
        responds(head(2) + b"ok" + head(5) + b"smile"), ssl=certificates.server()
    )
    request = post(f"https://a.hooks.example:{receiver.port}/")
    outcomes = [await tls_sender.send(request) for _ in range(2)]
    assert [outcome.response for outcome in outcomes] == [b"ok", b"ok"]
    assert receiver.connections == 2


async def test_garbage_among_the_records_breaks_the_connection(
    receive: StartReceiver, tls_sender: WebhookSender, post: MakePost, certificates: Certificates
) -> None:
    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            # Below the server's own TLS: no record at all.
            below = writer.get_extra_info("socket").fileno()
            os.write(below, b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
            await reader.read()

        return behave

    receiver = await receive(make, ssl=certificates.server())
    outcome = await tls_sender.send(post(f"https://a.hooks.example:{receiver.port}/"))
    assert outcome.reason is FailureReason.TLS_FAILED
    assert tls_sender.connections_open == 0


async def test_an_idle_connection_that_the_peer_ends_is_given_up(
    receive: StartReceiver, tls_sender: WebhookSender, post: MakePost, certificates: Certificates
) -> None:
    ends = asyncio.Event()

    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(head(2) + b"ok")
            await ends.wait()

        return behave

    receiver = await receive(make, ssl=certificates.server())
    assert (
        await tls_sender.send(post(f"https://a.hooks.example:{receiver.port}/"))
    ).response_status == 200
    assert tls_sender.connections_idle == 1
    ends.set()
    await receiver.ended.wait()
    async with asyncio.timeout(5):
        while tls_sender.connections_open:
            await asyncio.sleep(0.001)
