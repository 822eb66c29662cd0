"""Arbitrary bytes, cut anywhere, into a connection that waits for a response."""

import asyncio
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

from angarium_worker.adapters.destinations.dialing.origin import origin_of
from angarium_worker.adapters.destinations.webhook.connection import Connection
from angarium_worker.adapters.destinations.webhook.limits import SenderLimits
from angarium_worker.adapters.destinations.webhook.response import Response
from angarium_worker.domain.attempt_result import FailureReason
from hypothesis import example, given, settings
from hypothesis import strategies as st

LIMITS = SenderLimits()
ORIGIN = origin_of("https", "example.com", 443)
# A whole head, interim responses within it, a whole body, and a little of framing.
READ_BYTES_MAX = LIMITS.response_head_bytes_max + LIMITS.response_body_read_bytes_max
REASONS = {FailureReason.INVALID_RESPONSE, FailureReason.CONNECTION_CLOSED}

type Ending = tuple[int, bytes, str | None] | tuple[FailureReason, int, bytes]


class Wire(asyncio.Transport):
    """Takes whatever is written and knows whether it was closed."""

    def __init__(self) -> None:
        super().__init__()
        self.is_closed = False

    def write(self, data: Any) -> None: ...

    def get_write_buffer_size(self) -> int:
        return 0

    def abort(self) -> None:
        self.is_closed = True

    def close(self) -> None:
        self.is_closed = True


@dataclass
class Waiting:
    """Who waits for the response: told exactly once."""

    endings: list[Ending] = field(default_factory=list)
    reusable: bool = False

    def answered(self, _connection: Connection, response: Response, *, reusable: bool) -> None:
        assert 200 <= response.status <= 999
        assert len(response.body) <= LIMITS.response_body_kept_bytes_max
        assert len(response.retry_after or "") <= 128
        self.endings.append((response.status, response.body, response.retry_after))
        self.reusable = reusable

    def broken(
        self, connection: Connection, reason: FailureReason, detail: str, *, untouched: bool
    ) -> None:
        assert reason in REASONS
        assert detail or connection.response.status
        assert connection.response.status in {0, 101} | set(range(200, 1000))
        assert connection.response.where_it_broke_off
        assert connection.is_closed
        assert isinstance(untouched, bool)
        self.endings.append((reason, connection.response.status, connection.response.body))


def ending_of(parts: Iterable[bytes]) -> Ending:
    """Feed the parts until somebody hangs up, then the end of the connection."""
    closed: list[Connection] = []
    connection = Connection(ORIGIN, LIMITS, closed.append)
    wire, waiting = Wire(), Waiting()
    connection.connection_made(wire)
    connection.begin(b"POST / HTTP/1.1\r\n\r\n", waiting)
    fed_bytes = 0
    for part in parts:
        if wire.is_closed or waiting.endings:
            break
        fed_bytes += len(part)
        connection.data_received(part)
        assert fed_bytes - len(part) <= READ_BYTES_MAX
    if not wire.is_closed and not waiting.endings:
        connection.eof_received()
        connection.connection_lost(None)
    assert len(waiting.endings) == 1
    assert len(closed) <= 1
    assert not (waiting.reusable and connection.is_closed)
    return waiting.endings[0]


def cut(data: bytes, places: Sequence[int]) -> list[bytes]:
    """The data in parts, none empty."""
    borders = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in pairwise(borders)]


def response_survives(data: bytes, places: Sequence[int]) -> None:
    """However it is cut, the bytes come to one and the same ending."""
    whole = ending_of([data] if data else [])
    assert ending_of(cut(data, places)) == whole
    assert ending_of(data[at : at + 1] for at in range(len(data))) == whole


FRAGMENTS = [
    b"HTTP/1.1 200 OK\r\n", b"HTTP/1.0 200 OK\r\n", b"HTTP/1.1 204 No\r\n",
    b"HTTP/1.1 503 X\r\n", b"HTTP/1.1 304 Not\r\n", b"HTTP/1.1 100 Continue\r\n\r\n",
    b"HTTP/1.1 103 Hints\r\nA: b\r\n\r\n",
    b"HTTP/1.1 101 Switch\r\nUpgrade: x\r\nConnection: Upgrade\r\n\r\n", b"HTTP/2.0 200\r\n",
    b"Content-Length: 2\r\n", b"Content-Length: 0\r\n", b"Content-Length: -1\r\n",
    b"Content-Length: 18446744073709551616\r\n", b"Transfer-Encoding: chunked\r\n",
    b"Transfer-Encoding: gzip, chunked\r\n", b"Transfer-Encoding: identity\r\n",
    b"Connection: close\r\n", b"Connection: keep-alive\r\n", b"Connection: Upgrade\r\n",
    b"Upgrade: h2c\r\n", b"Retry-After: 120\r\n", b"Retry-After: ", b"X: ", b": ", b"\r\n",
    b"\n", b"\r", b" ", b"\t", b"\x00", b"\xff", b"0\r\n", b"0\r\n\r\n", b"2\r\nok\r\n",
    b"2;x=y\r\nok\r\n", b"ffffffffffffffff\r\n", b"ok", b"a" * 300, b"HTTP/1.1 ", b"200",
    b"999 \r\n", b"HTTP",
]  # fmt: skip
fragments = st.sampled_from(FRAGMENTS)
responses = st.one_of(
    st.binary(max_size=200),
    st.lists(st.one_of(fragments, fragments, st.binary(max_size=4)), max_size=16).map(b"".join),
)
places = st.lists(st.integers(0, 4_000), max_size=8)


@settings(max_examples=3_000, deadline=None)
@given(responses, places)
@example(b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nokHTTP/1.1 200 OK\r\n\r\n", [40])
@example(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\nx", [])
def test_any_bytes_cut_anywhere_come_to_one_and_the_same_ending(
    data: bytes, cuts: list[int]
) -> None:
    response_survives(data, cuts)


@settings(max_examples=500, deadline=None)
@given(responses, st.binary(min_size=1, max_size=64), st.integers(1, 4_096))
def test_of_endless_bytes_no_more_than_a_head_and_a_body_is_taken(
    start: bytes, again: bytes, part_bytes: int
) -> None:
    again *= part_bytes // len(again) + 1
    times = READ_BYTES_MAX // len(again) + 2
    ending_of([*([start] if start else []), *([again] * times)])
