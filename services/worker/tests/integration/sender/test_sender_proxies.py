"""Egress proxies: what they are asked for, and what happens when they do not do it."""

import asyncio
import socket
from typing import Protocol

import pytest
from angarium_webhooks.egress.egress_rules import EgressRules
from angarium_webhooks.egress.proxy_url import Proxy
from angarium_worker.adapters.destinations.dialing.tls_context import client_tls_context
from angarium_worker.adapters.destinations.webhook.webhook_request import WebhookRequest
from angarium_worker.domain.attempt_result import FailureReason
from msgspec.structs import replace

from .receivers import (
    Behaviour,
    Certificates,
    MakePost,
    MakeSender,
    Receiver,
    StartProxy,
    StartReceiver,
)

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
SCHEMES = pytest.mark.parametrize("scheme", ["http", "socks5"])


def answers(receiver: Receiver) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await receiver.read_request(reader)
            writer.write(OK)

    return behave


def closed_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


class MakeProxiedPost(Protocol):
    def __call__(self, url: str, proxy: str, *, timeout_s: float = 5.0) -> WebhookRequest: ...


@pytest.fixture
def via(post: MakePost) -> MakeProxiedPost:
    def make(url: str, proxy: str, *, timeout_s: float = 5.0) -> WebhookRequest:
        return replace(post(url, timeout_s=timeout_s), proxy=proxy)

    return make


@SCHEMES
@pytest.mark.parametrize("address", ["127.0.0.7", "::1"])
async def test_a_proxy_is_given_the_checked_address_and_the_connection_is_kept(
    receive: StartReceiver,
    start_proxy: StartProxy,
    make_sender: MakeSender,
    via: MakeProxiedPost,
    scheme: str,
    address: str,
) -> None:
    receiver = await receive(answers)
    proxy = await start_proxy(receiver)
    sender = make_sender(lookup=lambda _: [address])
    request = via("http://a.hooks.example:8080/", f"{scheme}://127.0.0.1:{proxy.port}")
    first, second = await sender.send(request), await sender.send(request)
    assert (first.response_status, second.response_status, second.connection_reused) == (
        200,
        200,
        True,
    )
    assert proxy.asked_for == [(address, 8080)]
    assert b"Host: a.hooks.example:8080\r\n" in receiver.requests[0]
    assert b"roxy" not in receiver.requests[0]


@SCHEMES
async def test_tls_goes_through_the_proxy_to_the_endpoints_own_name(
    receive: StartReceiver,
    start_proxy: StartProxy,
    make_sender: MakeSender,
    via: MakeProxiedPost,
    certificates: Certificates,
    scheme: str,
) -> None:
    receiver = await receive(answers, ssl=certificates.server())
    proxy = await start_proxy(receiver)
    sender = make_sender(
        tls=client_tls_context(certificates.ca_file), lookup=lambda _: ["127.0.0.1"]
    )
    outcome = await sender.send(
        via("https://a.hooks.example/", f"{scheme}://127.0.0.1:{proxy.port}")
    )
    assert outcome.response_status == 200
    assert outcome.tls_s > 0
    assert proxy.asked_for == [("127.0.0.1", 443)]


@SCHEMES
async def test_user_and_password_are_given_to_the_proxy_that_asks(
    receive: StartReceiver,
    start_proxy: StartProxy,
    make_sender: MakeSender,
    via: MakeProxiedPost,
    scheme: str,
) -> None:
    receiver = await receive(answers)
    proxy = await start_proxy(receiver, credentials=(b"us er", b"p:w"))
    sender = make_sender()
    place = f"127.0.0.1:{proxy.port}"
    url = "http://127.0.0.1:8080/"
    assert (await sender.send(via(url, f"{scheme}://us%20er:p%3Aw@{place}"))).response_status == 200
    for wrong in (f"{scheme}://other:pw@{place}", f"{scheme}://{place}"):
        outcome = await sender.send(via(url, wrong))
        assert outcome.reason is FailureReason.PROXY_FAILED
        assert "pw" not in outcome.detail
    assert len(receiver.requests) == 1


@SCHEMES
async def test_connections_of_other_proxies_and_users_are_not_shared(
    receive: StartReceiver,
    start_proxy: StartProxy,
    make_sender: MakeSender,
    via: MakeProxiedPost,
    post: MakePost,
    scheme: str,
) -> None:
    receiver = await receive(answers)
    proxies = [await start_proxy(receiver) for _ in range(2)]
    sender = make_sender()
    ways = [f"{scheme}://127.0.0.1:{proxy.port}" for proxy in proxies]
    ways += [f"{scheme}://user:pw@127.0.0.1:{proxies[0].port}"] if scheme == "http" else []
    for way in ways:
        outcome = await sender.send(via(receiver.url, way))
        assert (outcome.response_status, outcome.connection_reused) == (200, False)
    outcome = await sender.send(post(receiver.url))
    assert (outcome.response_status, outcome.connection_reused) == (200, False)


@SCHEMES
async def test_an_endpoint_behind_a_proxy_must_be_allowed_itself(
    receive: StartReceiver,
    start_proxy: StartProxy,
    make_sender: MakeSender,
    via: MakeProxiedPost,
    scheme: str,
) -> None:
    receiver = await receive(answers)
    proxy = await start_proxy(receiver)
    sender = make_sender(lookup=lambda _: ["127.0.0.1", "10.0.0.1"])
    way = f"{scheme}://127.0.0.1:{proxy.port}"
    for host in ("169.254.169.254", "a.hooks.example", "[fd00:ec2::254]"):
        outcome = await sender.send(via(f"http://{host}/", way))
        assert outcome.reason is FailureReason.ADDRESS_NOT_ALLOWED
    assert proxy.asked_for == []


@SCHEMES
async def test_only_the_operators_proxy_may_stand_where_webhooks_may_not_go(
    receive: StartReceiver,
    start_proxy: StartProxy,
    make_sender: MakeSender,
    via: MakeProxiedPost,
    post: MakePost,
    scheme: str,
) -> None:
    receiver = await receive(answers)
    proxy = await start_proxy(receiver)
    url = f"{scheme}://127.0.0.1:{proxy.port}"
    rules = EgressRules.parse(["127.0.0.2/32"])
    own = make_sender(rules=rules)
    outcome = await own.send(via("http://127.0.0.2/", url))
    assert outcome.reason is FailureReason.ADDRESS_NOT_ALLOWED
    assert proxy.asked_for == []
    operators = make_sender(rules=rules, proxy=Proxy.parse(url, is_operators=True))
    assert (await operators.send(post("http://127.0.0.2/"))).response_status == 200
    outcome = await operators.send(post(f"http://127.0.0.1:{receiver.port}/"))
    assert outcome.reason is FailureReason.ADDRESS_NOT_ALLOWED
    assert proxy.asked_for == [("127.0.0.2", 80)]


@pytest.mark.parametrize(
    ("scheme", "answer", "reason"),
    [
        ("http", b"HTTP/1.1 403 Forbidden\r\n\r\n", FailureReason.PROXY_FAILED),
        ("http", b"HTTP/1.1 302 Found\r\nLocation: /\r\n\r\n", FailureReason.PROXY_FAILED),
        ("http", b"HTTP/1.1 502 Bad Gateway\r\n\r\n", FailureReason.UNREACHABLE),
        ("http", b"220 mail.example ESMTP\r\n\r\n", FailureReason.PROXY_FAILED),
        ("http", b"HTTP/1.1 200 OK\r\n\r\nmore", FailureReason.PROXY_FAILED),
        ("http", b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 3000, FailureReason.PROXY_FAILED),
        ("http", b"HTTP/1.1 200", FailureReason.PROXY_FAILED),
        ("socks5", b"\x05\x01\x00\x01", FailureReason.PROXY_FAILED),
        ("socks5", b"\x05\x02\x00\x01", FailureReason.PROXY_FAILED),
        ("socks5", b"\x05\x04\x00\x01", FailureReason.UNREACHABLE),
        ("socks5", b"\x05\x05\x00\x01", FailureReason.CONNECTION_REFUSED),
        ("socks5", b"\x05\xfe\x00\x01", FailureReason.PROXY_FAILED),
        ("socks5", b"HTTP", FailureReason.PROXY_FAILED),
        ("socks5", b"\x05\x00\x00", FailureReason.PROXY_FAILED),
    ],
)
async def test_a_proxys_refusal_has_its_reason_and_leaves_nothing_open(
    receive: StartReceiver,
    start_proxy: StartProxy,
    make_sender: MakeSender,
    via: MakeProxiedPost,
    scheme: str,
    answer: bytes,
    reason: FailureReason,
) -> None:
    receiver = await receive(answers)
    proxy = await start_proxy(receiver, answer=answer)
    sender = make_sender()
    outcome = await sender.send(via(receiver.url, f"{scheme}://127.0.0.1:{proxy.port}"))
    assert outcome.reason is reason
    assert outcome.detail
    assert "127.0.0.1" not in outcome.detail
    assert (sender.connections_open, receiver.requests) == (0, [])


async def test_a_proxy_that_hangs_is_cut_off_at_the_deadline(
    receive: StartReceiver, make_sender: MakeSender, via: MakeProxiedPost
) -> None:
    def hangs(_receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
            await reader.read()
            await reader.read()

        return behave

    silent = await receive(hangs)
    sender = make_sender()
    for scheme in ("http", "socks5"):
        outcome = await sender.send(
            via("http://127.0.0.1:9/", f"{scheme}://127.0.0.1:{silent.port}", timeout_s=0.2)
        )
        assert outcome.reason is FailureReason.CONNECT_TIMED_OUT
    await silent.ended.wait()


async def test_a_proxy_that_refuses_connections_is_named_as_the_cause(
    make_sender: MakeSender, via: MakeProxiedPost
) -> None:
    outcome = await make_sender().send(
        via("http://127.0.0.1:9/", f"http://127.0.0.1:{closed_port()}")
    )
    assert outcome.reason is FailureReason.PROXY_FAILED
    assert outcome.detail == "the proxy: Connection refused"
