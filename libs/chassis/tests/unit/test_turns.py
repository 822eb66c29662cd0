"""New connections and pipelined requests take turns; others do not wait."""

import asyncio
from functools import partial

import pytest
from angarium_chassis.http_server import turns
from angarium_chassis.http_server.bounded_protocol import NEW_FOR_REQUESTS

from ..http_rig import Rig, statuses

GET = b"GET /%d HTTP/1.1\r\nHost: angarium.test\r\n\r\n"


async def test_a_crowd_is_read_one_at_a_time_in_the_order_in_which_it_came() -> None:
    rig = Rig()
    crowd = [rig.connect() for _ in range(50)]
    for number, client in enumerate(crowd):
        client.protocol.data_received(GET % number)
    waiting = [client.transport.paused for client in crowd]
    assert waiting == [False] + [True] * 49
    for client in crowd:
        await client.settle()
        assert statuses(client.transport.written) == [200]
        assert not client.transport.paused
    assert [path for _, path, *_ in rig.app.requests] == [f"/{number}" for number in range(50)]


async def test_a_client_in_conversation_is_read_before_the_crowd_that_waits() -> None:
    rig = Rig()
    known = rig.connect()
    await known.send(*[GET % 0] * NEW_FOR_REQUESTS)
    crowd = [rig.connect() for _ in range(50)]
    for client in crowd:
        client.protocol.data_received(GET % 1)
    known.protocol.data_received(GET % 2)
    for client in (known, *crowd):
        await client.settle()
    paths = [path for _, path, *_ in rig.app.requests]
    assert paths[:NEW_FOR_REQUESTS] == ["/0"] * NEW_FOR_REQUESTS
    assert sorted(paths[NEW_FOR_REQUESTS:]) == [*["/1"] * 50, "/2"]
    assert paths.index("/2") <= NEW_FOR_REQUESTS + 1


async def test_a_long_queue_takes_more_turns_at_once() -> None:
    taken: list[int] = []
    waiting = turns.Turns()
    for number in range(1 + 10 * turns.WAITING_FOR_ONE_MORE):
        waiting.take(partial(taken.append, number))
    assert taken == [0]
    sizes = []
    while len(taken) <= 10 * turns.WAITING_FOR_ONE_MORE:
        before = len(taken)
        await asyncio.sleep(0)
        sizes.append(len(taken) - before)
    assert (max(sizes), sizes[-1]) == (11, 1)
    assert taken == sorted(taken)


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
    monkeypatch.setattr(turns, "WAITING_BYTES_MAX", 10 * len(GET))
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


async def test_a_client_that_waits_for_answers_overtakes_those_that_pipeline() -> None:
    rig = Rig()
    clients = [rig.connect() for _ in range(21)]
    for client in clients:
        await client.send(*[GET % 0] * NEW_FOR_REQUESTS)
    for client in clients[1:]:
        client.protocol.data_received(GET % 1 + GET % 2)
    for _ in range(4):
        await asyncio.sleep(0)
    clients[0].protocol.data_received(GET % 3)
    for client in clients:
        await client.settle()
    paths = [path for _, path, *_ in rig.app.requests][len(clients) * NEW_FOR_REQUESTS :]
    assert sorted(paths) == [*["/1"] * 20, *["/2"] * 20, "/3"]
    assert paths.index("/3") < 30
