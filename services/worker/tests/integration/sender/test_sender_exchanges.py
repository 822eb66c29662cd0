"""What comes back from well-behaved and misbehaving receivers, and what becomes of connections."""

import asyncio
import socket
import struct
from collections.abc import Callable

import pytest
from angarium_worker.domain.attempt_result import (
    FailureReason,
    Rejected,
    Rejection,
    Throttled,
    Unreachable,
)

from .receivers import Behaviour, MakeBehaviour, MakePost, MakeSender, Receiver, StartReceiver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
REASONS = FailureReason


def answers(response: bytes = OK) -> MakeBehaviour:
    """Answer every request on the connection with these bytes."""

    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await receiver.read_request(reader)
                writer.write(response)

        return behave

    return make


def answers_then_closes(response: bytes) -> MakeBehaviour:
    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(response)
            await writer.drain()

        return behave

    return make


def answers_forever(first: bytes, more: bytes, pause_s: float = 0.0) -> MakeBehaviour:
    """A head, then the same bytes again and again until the sender hangs up."""

    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(first)
            while not writer.is_closing():
                writer.write(more)
                await writer.drain()
                await asyncio.sleep(pause_s)

        return behave

    return make


def resets(after: bytes = b"") -> MakeBehaviour:
    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(after)
            await writer.drain()
            sock = writer.get_extra_info("socket")
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.transport.abort()

        return behave

    return make


def begins_and_stays(first: bytes) -> MakeBehaviour:
    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(first)
            await reader.read()  # Until the sender hangs up.

        return behave

    return make


def stays_silent(receiver: Receiver) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receiver.read_request(reader)
        await reader.read()  # Until the sender hangs up.

    return behave


async def test_a_request_arrives_as_it_was_meant_and_its_answer_returns(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(
        answers(b"HTTP/1.1 503 X\r\nRetry-After: 7\r\nContent-Length: 4\r\n\r\nbusy")
    )
    outcome = await make_sender().send(post(receiver.url, body=b"{}"))
    assert isinstance(outcome, Throttled)
    assert (outcome.response_status, outcome.response, outcome.retry_after_s) == (503, b"busy", 7.0)
    assert not outcome.connection_reused
    assert 0 < outcome.connect_s < outcome.first_byte_s <= outcome.duration_s
    assert receiver.requests == [
        f"POST /hook HTTP/1.1\r\nHost: 127.0.0.1:{receiver.port}\r\nUser-Agent: Angarium/test\r\n"
        "Accept: */*\r\nAccept-Encoding: identity\r\nContent-Length: 2\r\n"
        "Content-Type: application/json\r\nwebhook-id: msg_1\r\n\r\n{}".encode()
    ]


async def test_a_connection_is_kept_and_used_again(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers())
    sender = make_sender()
    outcomes = [await sender.send(post(receiver.url)) for _ in range(5)]
    assert [outcome.response_status for outcome in outcomes] == [200] * 5
    assert [outcome.connection_reused for outcome in outcomes] == [False] + [True] * 4
    assert (receiver.connections, sender.connections_open, sender.connections_idle) == (1, 1, 1)


async def test_two_urls_of_one_origin_share_connections(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers())
    sender = make_sender()
    await sender.send(post(receiver.url))
    await sender.send(post(receiver.url + "/other"))
    assert receiver.connections == 1


@pytest.mark.parametrize("status", [301, 302, 307, 308])
async def test_a_redirect_is_an_answer_and_is_not_followed(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, status: int
) -> None:
    elsewhere = await receive(answers())
    head = f"HTTP/1.1 {status} X\r\nLocation: {elsewhere.url}\r\nContent-Length: 0\r\n\r\n"
    receiver = await receive(answers(head.encode()))
    outcome = await make_sender().send(post(receiver.url))
    assert outcome.response_status == status
    assert elsewhere.connections == 0


@pytest.mark.parametrize(
    "response",
    [
        OK + OK,
        OK + b"x",
        b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok",
        b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok",
    ],
)
async def test_a_connection_that_cannot_be_trusted_is_not_used_again(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, response: bytes
) -> None:
    receiver = await receive(answers(response), answers())
    sender = make_sender()
    assert (await sender.send(post(receiver.url))).response == b"ok"
    assert sender.connections_open == 0
    assert (await sender.send(post(receiver.url))).response_status == 200
    assert receiver.connections == 2


async def test_bytes_that_come_while_idle_end_the_connection(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    released = asyncio.Event()

    def speaks_unasked(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(OK)
            await released.wait()
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 4\r\n\r\nevil")
            await reader.read()

        return behave

    receiver = await receive(speaks_unasked, answers())
    sender = make_sender()
    await sender.send(post(receiver.url))
    released.set()
    await receiver.ended.wait()
    assert sender.connections_open == 0
    assert (await sender.send(post(receiver.url))).response == b"ok"


async def test_a_body_that_only_the_close_ends_is_complete(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers_then_closes(b"HTTP/1.1 200 OK\r\n\r\nall of it"))
    outcome = await make_sender().send(post(receiver.url))
    assert (outcome.response_status, outcome.response) == (200, b"all of it")


async def test_an_endless_body_counts_by_its_status_and_is_not_read_on(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    head = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
    receiver = await receive(answers_forever(head, b"400\r\n" + b"x" * 1024 + b"\r\n"))
    sender = make_sender()
    outcome = await sender.send(post(receiver.url))
    assert (outcome.response_status, len(outcome.response), outcome.response_truncated) == (
        200,
        16_384,
        True,
    )
    assert sender.connections_open == 0
    await receiver.ended.wait()


@pytest.mark.parametrize(
    ("first", "more", "detail"),
    [
        (b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 100, "longer than 32768"),
        (b"HTTP/1.1 200 OK\r\nA: ", b"b" * 1024, "longer than 32768"),
        (b"", b"HTTP/1.1 100 Continue\r\n\r\n", "more than 8 interim"),
        (b"", b"garbage", "Expected HTTP/"),
        (b"", b"\x00" * 100, "Expected HTTP/"),
    ],
)
async def test_an_answer_that_is_no_answer_is_invalid(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    first: bytes,
    more: bytes,
    detail: str,
) -> None:
    receiver = await receive(answers_forever(first, more))
    sender = make_sender()
    outcome = await sender.send(post(receiver.url))
    assert isinstance(outcome, Unreachable)
    assert outcome.reason is REASONS.INVALID_RESPONSE
    assert detail in outcome.detail
    assert sender.connections_open == 0
    await receiver.ended.wait()


@pytest.mark.parametrize(
    ("behaviour", "where"),
    [
        (stays_silent, ""),
        (begins_and_stays(b"HTTP/1."), "s, within the answer"),
        (answers_forever(b"HTTP/1.1 200 ", b"K", 0.02), "answered 200, but the answer broke off"),
        (answers_forever(b"HTTP/1.1 200 OK\r\nA: ", b"b", 0.02), "within its headers: given up"),
        (
            answers_forever(b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n", b"b", 0.02),
            "of 999 bytes: given up after 0.",
        ),
    ],
)
async def test_a_receiver_that_does_not_finish_is_cut_off_at_the_deadline(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    behaviour: MakeBehaviour,
    where: str,
) -> None:
    receiver = await receive(behaviour)
    sender = make_sender()
    outcome = await sender.send(post(receiver.url, timeout_s=0.3))
    assert outcome.reason is REASONS.RESPONSE_TIMED_OUT
    assert outcome.duration_s > 0.28
    assert where in outcome.detail
    assert sender.connections_open == 0
    await receiver.ended.wait()


@pytest.mark.parametrize(
    ("behaviour", "reason"),
    [
        (resets(), REASONS.CONNECTION_RESET),
        (resets(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"), None),
        (answers_then_closes(b""), REASONS.CONNECTION_CLOSED),
        (answers_then_closes(b"HTTP/1.1 200"), REASONS.CONNECTION_CLOSED),
        (
            answers_then_closes(b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\nabc"),
            REASONS.CONNECTION_CLOSED,
        ),
        (
            answers_then_closes(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
            REASONS.CONNECTION_CLOSED,
        ),
    ],
)
async def test_a_connection_broken_before_the_answers_end_is_a_failure_without_a_retry(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    behaviour: MakeBehaviour,
    reason: FailureReason | None,
) -> None:
    receiver = await receive(behaviour)
    outcome = await make_sender().send(post(receiver.url))
    assert isinstance(outcome, Unreachable)
    assert outcome.reason in ({reason} if reason else {REASONS.CONNECTION_RESET})
    assert receiver.connections == 1


async def test_an_answer_that_precedes_the_whole_request_counts_and_ends_the_connection(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    def refuses_early(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await reader.readuntil(b"\r\n\r\n")
            writer.write(b"HTTP/1.1 413 Too Large\r\nContent-Length: 0\r\n\r\n")
            await writer.drain()
            await asyncio.Event().wait()

        return behave

    receiver = await receive(refuses_early)
    sender = make_sender()
    outcome = await sender.send(post(receiver.url, body=b"x" * 20_000_000))
    assert outcome.response_status == 413
    assert sender.connections_open == 0


@pytest.mark.parametrize("ending", [answers_then_closes(OK), resets(OK)])
async def test_a_connection_that_the_receiver_closed_while_idle_is_not_used(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, ending: MakeBehaviour
) -> None:
    receiver, other = await receive(ending, answers()), await receive(answers())
    sender = make_sender()
    await sender.send(post(receiver.url))
    await receiver.ended.wait()
    await sender.send(post(other.url))  # The news of the close arrives before this answer.
    assert sender.connections_open == 1
    assert (await sender.send(post(receiver.url))).response_status == 200
    assert len(receiver.requests) == 2


@pytest.mark.parametrize("hang_up", [answers_then_closes, resets])
async def test_a_stale_connection_is_replaced_once_within_the_attempt(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    hang_up: Callable[[bytes], MakeBehaviour],
) -> None:
    def hangs_up_on_the_second_request(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(OK)
            await hang_up(b"")(receiver)(reader, writer)

        return behave

    receiver = await receive(hangs_up_on_the_second_request, answers())
    sender = make_sender()
    await sender.send(post(receiver.url))
    outcome = await sender.send(post(receiver.url))
    assert (outcome.response_status, outcome.connection_reused) == (200, False)
    assert len(receiver.requests) == 3
    assert receiver.connections == 2

    bad = await receive(hangs_up_on_the_second_request, answers_then_closes(b""))
    await sender.send(post(bad.url))
    outcome = await sender.send(post(bad.url))
    assert outcome.reason is REASONS.CONNECTION_CLOSED
    assert bad.connections == 2


async def test_an_attempt_broken_within_its_answer_is_not_repeated(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    def breaks_the_second_answer(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(OK)
            await receiver.read_request(reader)
            writer.write(b"H")
            await writer.drain()

        return behave

    receiver = await receive(breaks_the_second_answer, answers())
    sender = make_sender()
    await sender.send(post(receiver.url))
    assert (await sender.send(post(receiver.url))).reason is REASONS.CONNECTION_CLOSED
    assert receiver.connections == 1


RECEIVED = b'{"received":true}'


@pytest.mark.parametrize(
    ("behaviour", "status", "body", "failure"),
    [
        (
            answers_then_closes(b"HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n" + RECEIVED),
            200,
            RECEIVED,
            "connection_closed: answered 200, but the answer broke off after 17 of 100 bytes",
        ),
        (
            answers_then_closes(
                b"HTTP/1.1 201 C\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n5\r\nab"
            ),
            201,
            b"okab",
            "connection_closed: answered 201, but the answer broke off after 4 bytes",
        ),
        (
            answers_then_closes(
                b"HTTP/1.1 200 OK\r\nContent-Length: 30000\r\n\r\n" + b"x" * 20_000
            ),
            200,
            b"x" * 16_384,
            "connection_closed: answered 200, but the answer broke off after 20000 of 30000 bytes",
        ),
        (
            answers_then_closes(b"HTTP/1.1 200 OK\r\nContent-Le"),
            200,
            b"",
            "connection_closed: answered 200, but the answer broke off within its headers",
        ),
        (
            answers(b"HTTP/1.1 404 No\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nno\r\nzz\r\n"),
            404,
            b"no",
            (
                "invalid_response: answered 404, but the answer broke off after 2 bytes:"
                " Invalid character in chunk size"
            ),
        ),
        (
            answers_forever(b"HTTP/1.1 200 OK\r\n", b"A: b\r\n" * 100),
            200,
            b"",
            (
                "invalid_response: answered 200, but the answer broke off within its headers:"
                " headers longer than 32768 bytes"
            ),
        ),
        (
            answers_forever(b"HTTP/1.1 200 OK\r\nA: ", b"b" * 1024),
            200,
            b"",
            (
                "invalid_response: answered 200, but the answer broke off within its headers:"
                " headers longer than 32768 bytes"
            ),
        ),
        (
            answers(b"HTTP/1.1 101 X\r\nUpgrade: x\r\nConnection: upgrade\r\n\r\n"),
            101,
            b"",
            (
                "invalid_response: answered 101, but the answer broke off within its headers:"
                " no other protocol was asked for"
            ),
        ),
        (
            answers_then_closes(b"HTTP/1.1 410 Gone\r\nContent-Length: 9\r\n\r\nby"),
            410,
            b"by",
            "connection_closed: answered 410, but the answer broke off after 2 of 9 bytes",
        ),
        (
            answers_then_closes(b"HTTP/1.1 103 Early\r\nA: b\r\n\r\nHTTP/1."),
            0,
            b"",
            "connection_closed: closed within the answer",
        ),
    ],
)
async def test_an_answer_that_broke_off_keeps_what_came(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    behaviour: MakeBehaviour,
    status: int,
    body: bytes,
    failure: str,
) -> None:
    receiver = await receive(behaviour)
    outcome = await make_sender().send(post(receiver.url))
    assert isinstance(outcome, Unreachable)
    assert (outcome.response_status, outcome.response) == (status, body)
    assert outcome.failure == failure
    assert outcome.response_truncated == (status != 0)
    assert 0 < outcome.connect_s < outcome.first_byte_s <= outcome.duration_s
    assert receiver.connections == 1


async def test_an_event_stream_that_never_ends_keeps_its_status_and_beginning(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n"
    receiver = await receive(answers_forever(head, b"data: 1\n\n", 0.02))
    outcome = await make_sender().send(post(receiver.url, timeout_s=0.3))
    assert isinstance(outcome, Unreachable)
    assert outcome.reason is REASONS.RESPONSE_TIMED_OUT
    assert outcome.response_status == 200
    assert outcome.response.startswith(b"data: 1\n\n")
    assert outcome.detail.startswith(
        f"answered 200, but the answer broke off after {len(outcome.response)} bytes: given up"
    )


async def test_a_wish_for_a_pause_is_followed_though_its_answer_broke_off(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(
        answers_then_closes(b"HTTP/1.1 503 X\r\nRetry-After: 7\r\nContent-Length: 9\r\n\r\nbusy")
    )
    outcome = await make_sender().send(post(receiver.url))
    assert isinstance(outcome, Throttled)
    assert (outcome.response_status, outcome.response, outcome.retry_after_s) == (503, b"busy", 7.0)
    assert outcome.failure == (
        "connection_closed: answered 503, but the answer broke off after 4 of 9 bytes"
    )


async def test_a_status_line_that_broke_off_is_not_taken_for_the_one_before(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    def breaks_the_second_status_line(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(OK)
            await receiver.read_request(reader)
            writer.write(b"HTTP/1.1 ")
            await writer.drain()

        return behave

    receiver = await receive(breaks_the_second_status_line)
    sender = make_sender()
    await sender.send(post(receiver.url))
    outcome = await sender.send(post(receiver.url))
    assert (outcome.response_status, outcome.response) == (0, b"")
    assert outcome.reason is REASONS.CONNECTION_CLOSED


@pytest.mark.parametrize("status", [600, 799, 999])
async def test_a_status_that_http_does_not_have_is_an_answer_like_a_server_error(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, status: int
) -> None:
    receiver = await receive(answers(b"HTTP/1.1 %d Odd\r\nContent-Length: 3\r\n\r\nodd" % status))
    sender = make_sender()
    for _ in range(2):
        outcome = await sender.send(post(receiver.url))
        assert isinstance(outcome, Rejected)
        assert (outcome.response_status, outcome.response) == (status, b"odd")
        assert (outcome.rejection, outcome.failure) == (Rejection.FAILED, None)
    assert receiver.connections == 1


TIRED = b"HTTP/1.1 408 Request Timeout\r\nConnection: close\r\nContent-Length: 0\r\n\r\n"


def answers_then(second: bytes) -> MakeBehaviour:
    """Answer the first request on the connection with 200, the second with this, and close."""

    def make(receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            await receiver.read_request(reader)
            writer.write(OK)
            await answers_then_closes(second)(receiver)(reader, writer)

        return behave

    return make


async def test_a_408_on_a_kept_connection_is_repeated_once_on_a_fresh_one(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers_then(TIRED), answers())
    sender = make_sender()
    await sender.send(post(receiver.url))
    outcome = await sender.send(post(receiver.url))
    assert (outcome.response_status, outcome.connection_reused) == (200, False)
    assert (receiver.connections, len(receiver.requests)) == (2, 3)

    stubborn = await receive(answers_then(TIRED), answers_then_closes(TIRED))
    await sender.send(post(stubborn.url))
    outcome = await sender.send(post(stubborn.url))
    assert (outcome.response_status, stubborn.connections) == (408, 2)


@pytest.mark.parametrize(
    ("behaviour", "requests"),
    [
        (answers_then_closes(TIRED), 1),
        (answers_then(TIRED.replace(b"Connection: close\r\n", b"")), 2),
        (answers_then(TIRED.replace(b"408", b"503")), 2),
    ],
)
async def test_a_408_that_was_meant_for_the_request_counts(
    receive: StartReceiver,
    make_sender: MakeSender,
    post: MakePost,
    behaviour: MakeBehaviour,
    requests: int,
) -> None:
    receiver = await receive(behaviour, answers())
    sender = make_sender()
    outcomes = [await sender.send(post(receiver.url)) for _ in range(requests)]
    assert outcomes[-1].response_status in {408, 503}
    assert (receiver.connections, len(receiver.requests)) == (1, requests)
