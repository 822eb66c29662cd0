"""The heads of requests and responses that results carry, to be recorded."""

import asyncio

import pytest
from angarium_worker.adapters.destinations.webhook import WebhookSender
from angarium_worker.domain.attempt_result import AttemptResult, FailureReason
from angarium_worker.domain.exchange import HEAD_BYTES_MAX, Exchange

from .receivers import Behaviour, MakeBehaviour, MakePost, MakeSender, Receiver, StartReceiver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answers(*parts: bytes, closes: bool = False) -> MakeBehaviour:
    """Answer every request with these bytes, each part in a segment of its own."""

    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await receiver.read_request(reader)
                for part in parts:
                    writer.write(part)
                    await writer.drain()
                    await asyncio.sleep(0.005)
                if closes:
                    return

        return behave

    return make


async def exchange_with(
    receiver: Receiver, sender: WebhookSender, post: MakePost, timeout_s: float = 5.0
) -> Exchange:
    result = await sender.send(post(receiver.url, timeout_s=timeout_s))
    assert result.exchange is not None
    return result.exchange


async def test_both_heads_are_in_the_result_as_they_were_on_the_wire(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    head = b"HTTP/1.1 502 Bad Gateway\r\nServer: nginx\r\nVia: a\r\nVia: b\r\nContent-Length: 2"
    receiver = await receive(answers(head + b"\r\n\r\nno"))
    exchange = await exchange_with(receiver, make_sender(), post)
    assert exchange.response == head
    assert exchange.request == receiver.requests[0].partition(b"\r\n\r\n")[0]
    assert exchange.withheld == ()


@pytest.mark.parametrize("size", [1, 7, 30])
async def test_a_head_in_parts_is_the_same(
    size: int, receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    parts = [OK[at : at + size] for at in range(0, len(OK), size)]
    receiver = await receive(answers(*parts))
    sender = make_sender()
    for _ in range(2):  # the second on the kept connection
        assert (await exchange_with(receiver, sender, post)).response == OK[:-6]


@pytest.mark.parametrize("parts", [1, 2])
async def test_interim_responses_are_not_in_the_head(
    parts: int, receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    interim = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n"
    receiver = await receive(
        answers(interim + interim + OK) if parts == 1 else answers(interim, interim + OK)
    )
    assert (await exchange_with(receiver, make_sender(), post)).response == OK[:-6]


async def test_secret_headers_are_sent_and_only_named(
    receive: StartReceiver, make_sender: MakeSender
) -> None:
    receiver = await receive(answers(OK))
    sender = make_sender()
    done: asyncio.Future[AttemptResult] = asyncio.get_running_loop().create_future()
    secret = (("X-Api-Key", "s3cret"), ("authorization", "Bearer s3cret"))
    sender.post(sender.route(receiver.url), (), b"{}", 5.0, done.set_result, secret)
    exchange = (await done).exchange
    assert exchange is not None
    assert exchange.withheld == ("X-Api-Key", "authorization")
    assert b"X-Api-Key: s3cret" in receiver.requests[0]
    assert b"s3cret" not in exchange.request
    assert "s3cret" not in repr(exchange)


async def test_a_long_head_is_cut(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: " + b"x" * 9_000
    receiver = await receive(answers(head + b"\r\n\r\n"))
    exchange = await exchange_with(receiver, make_sender(), post)
    assert exchange.response == head[: HEAD_BYTES_MAX + 1]


@pytest.mark.parametrize("garbage", [b"SSH-2.0-OpenSSH_9.9\r\n", b"\x15\x03\x03\x00\x02\x02\x28"])
async def test_what_is_no_response_is_kept_as_it_came(
    garbage: bytes, receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers(garbage, closes=True))
    result = await make_sender().send(post(receiver.url))
    assert result.reason is FailureReason.INVALID_RESPONSE
    assert result.exchange is not None
    assert result.exchange.response == garbage
    assert result.exchange.request.startswith(b"POST /hook HTTP/1.1\r\n")


async def test_what_came_of_a_response_that_broke_off_is_kept(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers(b"HTTP/1.1 200 OK\r\nServer: a\r\nX", closes=True))
    exchange = await exchange_with(receiver, make_sender(), post)
    assert exchange.response == b"HTTP/1.1 200 OK\r\nServer: a\r\nX"


async def test_without_a_response_there_is_only_the_request(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers(closes=True))
    exchange = await exchange_with(receiver, make_sender(), post)
    assert exchange.response == b""
    assert exchange.request.startswith(b"POST /hook")


async def test_a_request_that_was_not_sent_is_not_in_the_exchange(
    make_sender: MakeSender, post: MakePost, unused_tcp_port: int
) -> None:
    result = await make_sender().send(post(f"http://127.0.0.1:{unused_tcp_port}/"))
    assert result.reason is FailureReason.CONNECTION_REFUSED
    assert result.exchange is not None
    assert (result.exchange.request, result.exchange.response) == (b"", b"")
    assert result.exchange.facts == {"os_error": "ECONNREFUSED"}
