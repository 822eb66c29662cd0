"""Connections that had no answer yet take turns; the others do not wait for them."""

import asyncio

import pytest
from angarium_chassis.http_server import newcomers
from angarium_chassis.http_server.newcomers import READS_PER_ITERATION

from ..http_rig import Rig, statuses

GET = b"GET /%d HTTP/1.1\r\nHost: angarium.test\r\n\r\n"


async def test_a_crowd_is_read_a_few_at_a_time_in_the_order_in_which_it_came() -> None:
    rig = Rig()
    crowd = [rig.connect() for _ in range(50)]
    for number, client in enumerate(crowd):
        client.protocol.data_received(GET % number)
    waiting = [client.transport.paused for client in crowd]
    assert waiting == [False] * READS_PER_ITERATION + [True] * (50 - READS_PER_ITERATION)
    for client in crowd:
        await client.settle()
        assert statuses(client.transport.written) == [200]
        assert not client.transport.paused
    assert [path for _, path, *_ in rig.app.requests] == [f"/{number}" for number in range(50)]


async def test_a_client_that_had_an_answer_is_read_before_the_crowd_that_waits() -> None:
    rig = Rig()
    known = rig.connect()
    await known.send(GET % 0)
    crowd = [rig.connect() for _ in range(50)]
    for client in crowd:
        client.protocol.data_received(GET % 1)
    known.protocol.data_received(GET % 2)
    for client in (known, *crowd):
        await client.settle()
    paths = [path for _, path, *_ in rig.app.requests]
    assert sorted(paths) == ["/0", *["/1"] * 50, "/2"]
    assert paths.index("/2") <= 1 + READS_PER_ITERATION


async def test_who_is_gone_when_its_turn_comes_is_left_out() -> None:
    rig = Rig()
    crowd = [rig.connect() for _ in range(10)]
    for number, client in enumerate(crowd):
        client.protocol.data_received(GET % number)
    crowd[-1].transport.close()
    crowd[-1].lose()
    await crowd[0].settle()
    assert [path for _, path, *_ in rig.app.requests] == [f"/{number}" for number in range(9)]


async def test_what_waits_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(newcomers, "WAITING_BYTES_MAX", 10 * len(GET))
    rig = Rig()
    crowd = [rig.connect() for _ in range(50)]
    for number, client in enumerate(crowd):
        client.protocol.data_received(GET % number)
    assert sum(client.transport.paused for client in crowd) == 10
    await asyncio.sleep(0)
    for client in crowd:
        await client.settle()
    assert len(rig.app.requests) == 50


async def test_a_newcomer_s_request_may_come_in_pieces_while_a_crowd_waits() -> None:
    rig = Rig()
    crowd = [rig.connect() for _ in range(20)]
    for client in crowd:
        client.protocol.data_received(b"POST /slow HTTP/1.1\r\nHost: a\r\n")
    await crowd[0].settle()
    for client in crowd:
        client.protocol.data_received(b"Content-Length: 2\r\n\r\n")
    await crowd[0].settle()
    for client in crowd:
        client.protocol.data_received(b"ok")
    for client in crowd:
        await client.settle()
        assert statuses(client.transport.written) == [200]
    assert [body for *_, body in rig.app.requests] == [b"ok"] * 20
