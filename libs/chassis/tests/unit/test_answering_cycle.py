"""A whole answer in one piece is what the two events of ASGI make of it."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from angarium_chassis.http_server.answering_cycle import cycle_of

from ..http_rig import Client, Rig, statuses

HEAD = b"content-type: application/json\r\nx-content-type-options: nosniff\r\n"
POST = b"POST /a HTTP/1.1\r\nHost: angarium.test\r\nContent-Length: 2\r\n"

type App = Callable[[Any, Any, Any], Awaitable[None]]


async def read(receive: Any) -> None:
    while (await receive())["more_body"]:
        pass


async def by_events(_: Any, receive: Any, send: Any) -> None:
    await read(receive)
    lines = [line.split(b": ") for line in HEAD.split(b"\r\n")[:-1]]
    headers = [(name, value) for name, value in lines] + [(b"content-length", b"4")]
    await send({"type": "http.response.start", "status": 202, "headers": headers})
    await send({"type": "http.response.body", "body": b"true"})


async def in_one_piece(_: Any, receive: Any, send: Any) -> None:
    await read(receive)
    cycle = cycle_of(send)
    assert cycle is not None
    assert cycle.answer(202, HEAD, b"true")
    assert not cycle.answer(202, HEAD, b"true")


def connect(app: App) -> Client:
    client = Rig().connect()
    client.protocol.app = app
    return client


@pytest.mark.parametrize("more", [b"", b"Connection: close\r\n", b"Expect: 100-continue\r\n"])
async def test_it_is_the_answer_that_events_make(more: bytes) -> None:
    answers = []
    for app in (by_events, in_one_piece):
        client = connect(app)
        await client.send(POST + more + b"\r\n", b"ok")
        head, _, body = client.transport.written.rpartition(b"\r\n\r\n")
        answers.append((sorted(head.split(b"\r\n")), body, client.transport.closed))
    assert answers[0] == answers[1]
    assert b"HTTP/1.1 202 Accepted" in answers[0][0]


async def test_the_next_requests_of_the_connection_are_answered_after_it() -> None:
    client = connect(in_one_piece)
    assert statuses(await client.send((POST + b"\r\nok") * 2)) == [202, 202]
    assert statuses(await client.send(POST + b"\r\n", b"ok")) == [202, 202, 202]


async def test_a_client_that_reads_nothing_gets_no_answer_at_once() -> None:
    at_once: list[bool] = []

    async def answer(_: Any, receive: Any, send: Any) -> None:
        await read(receive)
        cycle = cycle_of(send)
        assert cycle is not None
        at_once.append(cycle.answer(202, HEAD, b"true"))

    client = connect(answer)
    client.protocol.pause_writing()
    await client.send(POST + b"\r\nok")
    assert at_once == [False]


async def test_what_is_in_between_may_change_the_answer() -> None:
    cycles: list[object] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        async def changed(event: Any) -> None:
            await send(event)

        cycles.append(cycle_of(changed))
        await by_events(scope, receive, changed)

    client = connect(answer)
    assert statuses(await client.send(POST + b"\r\nok")) == [202]
    assert cycles == [None]


@pytest.mark.parametrize("more", [b"", b"Expect: 100-continue\r\n"])
async def test_a_body_that_has_come_is_taken_in_one_piece(more: bytes) -> None:
    taken: list[bytes | None] = []

    async def answer(_: Any, receive: Any, send: Any) -> None:
        cycle = cycle_of(send)
        assert cycle is not None
        taken.append(cycle.take_body(1))
        taken.append(cycle.take_body(2))
        if taken[-1] is None:
            await read(receive)
        assert cycle.answer(202, HEAD, b"true")

    client = connect(answer)
    assert statuses(await client.send(POST + more + b"\r\nok"))[-1] == 202
    # A client that waits for 100 gets it from `receive`.
    assert taken == [None, None if more else b"ok"]
    assert statuses(await client.send(POST + b"\r\nno"))[-1] == 202
    assert taken[-2:] == [None, b"no"]


async def test_a_body_that_has_not_come_is_not_taken() -> None:
    taken: list[bytes | None] = []

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        cycle = cycle_of(send)
        assert cycle is not None
        taken.append(cycle.take_body(2))
        await by_events(scope, receive, send)

    client = connect(answer)
    await client.send(POST + b"\r\no")
    assert taken == [None]
    assert statuses(await client.send(b"k")) == [202]
