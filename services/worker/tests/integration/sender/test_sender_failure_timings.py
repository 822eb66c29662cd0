"""A failed attempt tells how long each phase took, the one in which it failed included."""

import asyncio

from angarium_worker.domain.attempt_result import FailureReason, Unreachable

from .receivers import Behaviour, MakePost, MakeSender, Receiver, StartReceiver


def starts_to_answer_and_hangs(receiver: Receiver) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await receiver.read_request(reader)
        writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf")
        await reader.read()

    return behave


def never_shakes_hands(receiver: Receiver) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while await reader.read(65_536):
            pass

    return behave


async def test_an_answer_that_stops_has_its_connect_and_first_byte(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(starts_to_answer_and_hangs)
    outcome = await make_sender().send(post(receiver.url, timeout_s=0.3))
    assert isinstance(outcome, Unreachable)
    assert outcome.reason is FailureReason.RESPONSE_TIMED_OUT
    assert 0 < outcome.connect_s < outcome.first_byte_s < outcome.duration_s
    assert outcome.tls_s == 0


async def test_a_handshake_that_stops_takes_the_rest_of_the_time(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(never_shakes_hands)
    url = f"https://127.0.0.1:{receiver.port}/"
    outcome = await make_sender().send(post(url, timeout_s=0.3))
    assert isinstance(outcome, Unreachable)
    assert outcome.reason is FailureReason.TLS_TIMED_OUT
    assert 0.2 < outcome.tls_s <= outcome.duration_s
    assert outcome.first_byte_s == 0


async def test_a_name_that_does_not_resolve_has_only_that_phase(
    make_sender: MakeSender, post: MakePost
) -> None:
    def lookup(_: str) -> list[str]:
        raise OSError("no such name")

    outcome = await make_sender(lookup=lookup).send(post("http://nowhere.example/"))
    assert isinstance(outcome, Unreachable)
    assert outcome.reason is FailureReason.DNS_FAILED
    assert 0 < outcome.dns_s <= outcome.duration_s
    assert (outcome.connect_s, outcome.tls_s) == (0, 0)
