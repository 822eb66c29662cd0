"""What a client may send before it is known, and what becomes of the rest."""

import asyncio
import json
from itertools import pairwise
from typing import Any

import pytest
from angarium_chassis.http_server import turns
from angarium_chassis.http_server.bounded_protocol import PIPELINED_MAX
from angarium_chassis.http_server.limits import HttpLimits
from hypothesis import example, given, settings
from hypothesis import strategies as st

from ..http_rig import Client, Rig, statuses

HOST = b"Host: angarium.test\r\n"
CHUNKED = HOST + b"Transfer-Encoding: chunked\r\n\r\n"
GET = b"GET /live HTTP/1.1\r\n" + HOST + b"\r\n"
LAST = HOST + b"Connection: close\r\n"
# No longer than a pipeline may be, or the rest would be read only if it came later.
STREAMS = (
    (
        b"GET /a%20b?x=1&y HTTP/1.1\r\n" + HOST + b"Accept: */*\r\n\r\n"
        b"POST /length HTTP/1.1\r\n" + HOST + b"Content-Length: 5\r\n\r\nhello"
        b"POST /chunks HTTP/1.1\r\n" + LAST + b"Transfer-Encoding: chunked\r\n\r\n"
        b"3;x=y\r\nabc\r\n2\r\nde\r\n0\r\nAuthorization: Bearer stolen\r\nX-Last: z\r\n\r\n",
        [
            ("GET", "/a b", b"x=1&y", b""),
            ("POST", "/length", b"", b"hello"),
            ("POST", "/chunks", b"", b"abcde"),
        ],
    ),
    (
        b"POST /h2c HTTP/1.1\r\n" + HOST + b"Connection: Upgrade, HTTP2-Settings\r\n"
        b"Upgrade: h2c\r\nHTTP2-Settings: AAEAAEAAAAIAAAAB\r\nContent-Length: 2\r\n\r\nok"
        b"PUT http://Angarium.test?q HTTP/1.1\r\n" + HOST + b"Content-Length: 0\r\n\r\n"
        b"GET /last HTTP/1.1\r\n" + LAST + b"\r\n",
        [("POST", "/h2c", b"", b"ok"), ("PUT", "/", b"q", b""), ("GET", "/last", b"", b"")],
    ),
)  # fmt: skip
REFUSED = {
    "no Host": (400, b"GET / HTTP/1.1\r\n\r\n"),
    "two Hosts": (400, b"GET / HTTP/1.1\r\n" + HOST + HOST + b"\r\n"),
    "Host with a list": (400, b"GET / HTTP/1.1\r\nHost: a, b\r\n\r\n"),
    "Host with a path": (400, b"GET / HTTP/1.1\r\nHost: a/b\r\n\r\n"),
    "Host with userinfo": (400, b"GET / HTTP/1.1\r\nHost: a@b\r\n\r\n"),
    "two Authorizations": (
        400,
        b"GET / HTTP/1.1\r\n" + HOST + b"Authorization: Bearer a\r\nauthorization: b c\r\n\r\n",
    ),
    "two Idempotency-Keys": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Idempotency-Key: a\r\nIdempotency-Key: b\r\n\r\n",
    ),
    "two Content-Types": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Type: a/b\r\nContent-Type: c/d\r\n\r\n",
    ),
    "HTTP/1.0 with chunks": (400, b"POST / HTTP/1.0\r\n" + CHUNKED + b"0\r\n\r\n"),
    "length and chunks": (
        400,
        b"POST / HTTP/1.1\r\nContent-Length: 5\r\n" + CHUNKED + b"0\r\n\r\n",
    ),
    "chunks and length": (
        400,
        b"POST / HTTP/1.1\r\n" + CHUNKED[:-2] + b"Content-Length: 5\r\n\r\n0\r\n\r\n",
    ),
    "two lengths": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1\r\nContent-Length: 1\r\n\r\na",
    ),
    "length with a sign": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: +1\r\n\r\na"),
    "length as a list": (400, b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 1, 1\r\n\r\na"),
    "length beyond 64 bits": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 99999999999999999999\r\n\r\na",
    ),
    "gzip and chunks": (
        501,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n",
    ),
    "chunks not last": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked, gzip\r\n\r\n0\r\n\r\n",
    ),
    "another coding": (
        501,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: identity\r\n\r\n",
    ),
    "chunked twice": (
        400,
        b"POST / HTTP/1.1\r\n" + HOST + b"Transfer-Encoding: chunked\r\n"
        b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    ),
    "folded header": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n b\r\n\r\n"),
    "line feeds only": (400, b"GET / HTTP/1.1\nHost: a\n\n"),
    "a lone line feed": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\nY: b\r\n\r\n"),
    "a lone carriage return": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\rY: b\r\n\r\n"),
    "NUL in a header": (400, b"GET / HTTP/1.1\r\n" + HOST + b"X: a\0b\r\n\r\n"),
    "space before the colon": (400, b"GET / HTTP/1.1\r\nHost : a\r\n\r\n"),
    "header without a name": (400, b"GET / HTTP/1.1\r\n" + HOST + b": a\r\n\r\n"),
    "header without a colon": (400, b"GET / HTTP/1.1\r\n" + HOST + b"abc\r\n\r\n"),
    "another host in the URL": (400, b"GET http://evil.test/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "another scheme in the URL": (400, b"GET file:///etc HTTP/1.1\r\n" + HOST + b"\r\n"),
    "userinfo in the URL": (400, b"GET http://a@angarium.test/ HTTP/1.1\r\n" + HOST + b"\r\n"),
    "fragment in the URL": (400, b"GET /a#b HTTP/1.1\r\n" + HOST + b"\r\n"),
    "asterisk": (400, b"OPTIONS * HTTP/1.1\r\n" + HOST + b"\r\n"),
    "bytes beyond ASCII in the URL": (400, b"GET /\xc3\xa9 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "CONNECT": (501, b"CONNECT a:443 HTTP/1.1\r\n" + HOST + b"\r\n"),
    "unknown method": (400, b"BREW / HTTP/1.1\r\n" + HOST + b"\r\n"),
    "HTTP/0.9": (505, b"GET / HTTP/0.9\r\n" + HOST + b"\r\n"),
    "HTTP/2.0": (505, b"GET / HTTP/2.0\r\n" + HOST + b"\r\n"),
    "HTTP/2's preface": (400, b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
    "another expectation": (417, b"POST / HTTP/1.1\r\n" + HOST + b"Expect: a-miracle\r\n\r\n"),
    "TLS": (400, b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03"),
}  # fmt: skip


def cut(data: bytes, at: list[int]) -> list[bytes]:
    """`data` in pieces."""
    places = [0, *sorted({place % len(data) for place in at} - {0}), len(data)]
    return [data[a:b] for a, b in pairwise(places)]


splits = st.lists(st.integers(min_value=0, max_value=10_000), max_size=8)


@pytest.mark.parametrize(("stream", "meant"), STREAMS)
def test_requests_are_read_alike_however_they_are_cut(
    stream: bytes, meant: list[tuple[str, str, bytes, bytes]]
) -> None:
    async def requests(*pieces: bytes) -> tuple[list[Any], list[int], bool]:
        rig = Rig()
        client = rig.connect()
        answers = await client.send(*pieces)
        return rig.app.requests, statuses(answers), client.transport.closed

    async def compare(at: list[int]) -> None:
        whole, cut_up = await requests(stream), await requests(*cut(stream, at))
        assert whole == cut_up
        assert whole[1:] == ([200] * len(meant), True)
        assert [(*request[:3], request[4]) for request in whole[0]] == meant

    @settings(max_examples=50, deadline=None)
    @given(splits)
    @example(list(range(len(stream))))
    def alike(at: list[int]) -> None:
        asyncio.run(compare(at))

    alike()


@pytest.mark.parametrize("kind", REFUSED)
def test_what_can_be_read_in_two_ways_is_refused_however_it_is_cut(kind: str) -> None:
    status, request = REFUSED[kind]

    @settings(max_examples=8, deadline=None)
    @given(splits)
    def refused(at: list[int]) -> None:
        async def send() -> None:
            rig = Rig()
            client = rig.connect()
            answers = await client.send(*cut(request, at), GET)
            assert statuses(answers) == [status]
            assert rig.app.requests == []
            assert client.transport.ended
            head, _, body = answers.partition(b"\r\n\r\n")
            assert b"content-type: application/problem+json" in head
            assert b"x-content-type-options: nosniff" in head
            problem = json.loads(body)
            assert problem["status"] == status
            assert problem["detail"].endswith(".")

        asyncio.run(send())

    refused()


async def test_trailers_are_dropped_and_do_not_reach_the_next_request() -> None:
    rig = Rig()
    await rig.connect().send(
        b"POST /one HTTP/1.1\r\n"
        + CHUNKED
        + b"0\r\nAuthorization: Bearer t\r\nX-Last: l\r\n\r\n"
        + GET
    )
    headers = [[name for name, _ in request[3]] for request in rig.app.requests]
    assert headers == [[b"host", b"transfer-encoding"], [b"host"]]


@pytest.mark.parametrize("pieces", [1, 7])
@pytest.mark.parametrize(
    ("length", "status"), [(8 * 1024, 200), (8 * 1024 + 1, 414), (1_000_000, 414)]
)
async def test_a_url_has_a_bound(pieces: int, length: int, status: int) -> None:
    request = b"GET /" + b"a" * (length - 1) + b" HTTP/1.1\r\n" + HOST + b"\r\n"
    answers = await Rig().connect().send(*cut(request, [n * 1_000 for n in range(pieces)]))
    assert statuses(answers) == [status]


@pytest.mark.parametrize("read_bytes", [100, 16_384, 1_000_000])
@pytest.mark.parametrize(
    ("length", "status"), [(64 * 1024, 200), (64 * 1024 + 1, 431), (500_000, 431)]
)
async def test_headers_have_a_bound(read_bytes: int, length: int, status: int) -> None:
    value = b"a" * (length - len(HOST) - len(b"X: \r\n"))
    request = b"GET / HTTP/1.1\r\n" + HOST + b"X: " + value + b"\r\n\r\n"
    client = Rig().connect()
    answers = await client.send(*cut(request, list(range(0, len(request), read_bytes))))
    assert statuses(answers) == [status]


@pytest.mark.parametrize(("fields", "status"), [(100, 200), (101, 431), (20_000, 431)])
async def test_header_fields_have_a_bound(fields: int, status: int) -> None:
    request = b"GET / HTTP/1.1\r\n" + HOST + b"X: a\r\n" * (fields - 1) + b"\r\n"
    assert statuses(await Rig().connect().send(request)) == [status]


@pytest.mark.parametrize(
    "body",
    [
        b"0\r\n" + b"X: a\r\n" * 200,
        b"0\r\nX: " + b"a" * 200_000,
        b"5;" + b"a" * 200_000,
    ],
    ids=["trailers", "one trailer", "chunk extension"],
)
async def test_what_frames_a_body_has_a_bound(body: bytes) -> None:
    request = b"POST / HTTP/1.1\r\n" + CHUNKED + body
    answers = await Rig().connect().send(*cut(request, list(range(0, len(request), 8_000))))
    assert statuses(answers) == [431]


async def test_a_body_of_countless_tiny_chunks_is_refused_and_one_of_some_is_not() -> None:
    tiny = b"1\r\na\r\n"
    head = b"POST / HTTP/1.1\r\n" + CHUNKED
    some = await Rig().connect().send(head + tiny * 250 + b"0\r\n\r\n")
    countless = await Rig().connect().send(head + tiny * 10_000 + b"0\r\n\r\n")
    assert (statuses(some), statuses(countless)) == ([200], [400])


async def test_after_a_refusal_a_bounded_part_is_read_and_nothing_is_kept() -> None:
    client = Rig().connect()
    await client.send(b"GET / HTTP/1.1\r\nX: " + b"a" * 100_000)
    assert client.protocol.parser is None
    assert not client.transport.paused
    for _ in range(11):
        await client.send(b"a" * 100_000)
    assert client.transport.paused
    await client.wait(3)
    assert client.transport.closed


async def answered(client: Client) -> list[int]:
    return statuses(await client.send())


async def test_a_head_that_takes_too_long_is_given_up() -> None:
    client = Rig(HttpLimits(header_timeout_s=10)).connect()
    await client.send(b"GET / HTTP/1.1\r\nX: ")
    assert statuses(await client.wait(9)) == []
    await client.send(b"a")
    assert statuses(await client.wait(11)) == [408]


async def test_a_client_that_says_nothing_is_closed_without_a_word() -> None:
    client = Rig(HttpLimits(header_timeout_s=10)).connect()
    await client.send(b"\r\n")
    await client.wait(9)
    assert not client.transport.closed
    assert await client.wait(11) == b""
    assert client.transport.closed


async def test_a_body_must_come_at_a_least_rate() -> None:
    rig = Rig(HttpLimits(body_timeout_s=20, body_bytes_per_s_min=1_000))
    client = rig.connect()
    await client.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 100000\r\n\r\n")
    await client.send(b"a" * 5_000)
    assert statuses(await client.wait(24)) == []
    assert statuses(await client.wait(26)) == [408]
    assert rig.app.disconnected == 1


async def test_a_kept_connection_may_be_idle_for_a_while() -> None:
    client = Rig(HttpLimits(header_timeout_s=10, idle_timeout_s=75)).connect()
    await client.send(GET)
    await client.wait(74)
    assert not client.transport.closed
    await client.wait(76)
    assert client.transport.closed


async def test_a_request_in_work_has_no_deadline_of_the_connection() -> None:
    rig = Rig()
    rig.app.may_answer.clear()
    client = rig.connect()
    await client.send(GET)
    await client.wait(10_000)
    rig.app.may_answer.set()
    assert await answered(client) == [200]


async def test_a_body_that_was_answered_early_may_end_soon_or_the_connection_does() -> None:
    rig = Rig(reads=False)
    client = rig.connect()
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4000000\r\n\r\n"
    assert statuses(await client.send(head, b"a" * 100_000)) == [401]
    assert statuses(await client.send(b"a" * 3_900_000 + GET)) == [401]
    await client.wait(3)
    assert client.transport.closed

    soon = rig.connect()
    await soon.send(b"POST / HTTP/1.1\r\n" + HOST + b"Content-Length: 4\r\n\r\nab")
    assert statuses(await soon.send(b"cd", GET)) == [401, 401]


async def test_a_client_that_takes_no_answer_is_cut_off() -> None:
    client = Rig(HttpLimits(answer_timeout_s=30)).connect()
    await client.send(GET)
    client.protocol.pause_writing()
    await client.wait(29)
    assert not client.transport.aborted
    await client.wait(31)
    assert client.transport.aborted


async def test_a_closed_connection_whose_client_takes_nothing_is_cut_off() -> None:
    client = Rig().connect()
    client.transport.close()
    await client.wait(0)
    assert not client.transport.aborted
    await client.wait(3)
    assert client.transport.aborted


async def test_only_so_many_requests_wait_for_the_answers_to_earlier_ones() -> None:
    rig = Rig()
    rig.app.may_answer.clear()
    client = rig.connect()
    await client.send(GET * 5_000)
    rig.app.may_answer.set()
    for _ in range(20):
        await client.settle()
    assert len(rig.app.requests) == PIPELINED_MAX + 1
    assert statuses(client.transport.written) == [200] * (PIPELINED_MAX + 1)
    assert client.transport.closed


async def test_a_connection_ends_after_so_many_requests() -> None:
    rig = Rig(HttpLimits(requests_per_connection_max=3))
    client = rig.connect()
    answers = await client.send(GET, GET, GET, GET)
    assert statuses(answers) == [200, 200, 200]
    assert answers.count(b"connection: close") == 1
    assert client.transport.closed


async def test_earlier_requests_are_answered_before_a_bad_one_ends_the_connection() -> None:
    rig = Rig()
    rig.app.may_answer.clear()
    client = rig.connect()
    await client.send(GET + b"GET / HTTP/1.1\r\n\r\n")
    rig.app.may_answer.set()
    assert await answered(client) == [200]
    assert client.transport.closed


async def test_one_address_has_a_share_of_the_connections_and_all_have_a_bound() -> None:
    rig = Rig(HttpLimits(connections_max=4, connections_per_address_max=3))
    first = [rig.connect("192.0.2.1") for _ in range(4)]
    assert [await answered(client) for client in first] == [[], [], [], [503]]
    second = [rig.connect("192.0.2.2") for _ in range(2)]
    assert [await answered(client) for client in second] == [[], [503]]
    for client in (*first, *second):
        client.lose()
    assert len(rig.open) == 0
    assert statuses(await rig.connect("192.0.2.1").send(GET)) == [200]


async def test_all_addresses_of_one_ipv6_network_are_one() -> None:
    rig = Rig(HttpLimits(connections_per_address_max=1))
    rig.connect("2001:db8:1:2::1")
    assert await answered(rig.connect("2001:db8:1:2:ffff::2")) == [503]
    assert statuses(await rig.connect("2001:db8:1:3::1").send(GET)) == [200]
    rig.connect("192.0.2.9")
    assert await answered(rig.connect("::ffff:192.0.2.9")) == [503]


async def test_a_client_that_expects_100_continue_gets_it() -> None:
    client = Rig().connect()
    head = b"POST / HTTP/1.1\r\n" + HOST + b"Expect: 100-continue\r\nContent-Length: 2\r\n\r\n"
    assert statuses(await client.send(head)) == [100]
    assert statuses(await client.send(b"ok")) == [100, 200]


@pytest.mark.parametrize("full", [False, True])
async def test_what_waits_for_its_turn_is_read_before_what_comes_later(
    *, full: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    rig = Rig()
    other, client = rig.connect(), rig.connect()
    other.protocol.data_received(GET)  # takes this iteration's turn
    head = b"POST /in-order HTTP/1.1\r\n" + HOST + b"Content-Length: 6\r\n\r\n"
    client.protocol.data_received(head)
    # Reading is resumed by others too: by the application that waits for a body, or by an answer.
    client.protocol.flow.resume_reading()
    if full:
        monkeypatch.setattr(turns, "WAITING_BYTES_MAX", 0)
    client.protocol.data_received(b"abc")
    client.protocol.data_received(b"def")
    await client.settle()
    bodies = [(request[1], request[4]) for request in rig.app.requests]
    assert ("/in-order", b"abcdef") in bodies
    assert statuses(client.transport.written) == [200]
