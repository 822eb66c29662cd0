"""Bounds, waiting, idle time, cancellation and closing."""

import asyncio
from collections.abc import Callable

import pytest
from angarium_worker.adapters.destinations.webhook import SenderLimits
from angarium_worker.domain.attempt_result import AttemptResult, FailureReason, NotAttempted

from .receivers import Behaviour, MakePost, MakeSender, Receiver, StartReceiver

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def answers(receiver: Receiver) -> Behaviour:
    async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while True:
            await receiver.read_request(reader)
            writer.write(OK)

    return behave


class HeldReceiver:
    """A receiver that answers only once opened, and says when enough requests have come."""

    def __init__(self, expected: int) -> None:
        self.opened = asyncio.Event()
        self.full = asyncio.Event()
        self._expected = expected

    def __call__(self, receiver: Receiver) -> Behaviour:
        async def behave(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            while True:
                await receiver.read_request(reader)
                if len(receiver.requests) >= self._expected:
                    self.full.set()
                await self.opened.wait()
                writer.write(OK)

        return behave


async def test_connections_of_an_origin_are_bounded_and_the_rest_waits_its_turn(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    held = HeldReceiver(2)
    receiver = await receive(held)
    sender = make_sender(limits=SenderLimits(connections_per_origin_max=2))
    async with asyncio.TaskGroup() as group:
        sends = [group.create_task(sender.send(post(receiver.url))) for _ in range(10)]
        await held.full.wait()
        assert sender.connections_open == 2
        held.opened.set()
    assert [send.result().response_status for send in sends] == [200] * 10
    assert receiver.connections == 2
    assert sender.connections_idle == 2


async def test_who_waits_in_vain_is_told_that_the_endpoint_was_not_contacted(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, small_limits: SenderLimits
) -> None:
    held = HeldReceiver(2)
    receiver = await receive(held)
    sender = make_sender(limits=small_limits)
    async with asyncio.TaskGroup() as group:
        served = [group.create_task(sender.send(post(receiver.url))) for _ in range(2)]
        await held.full.wait()
        waiting = [
            group.create_task(sender.send(post(receiver.url, timeout_s=0.1))) for _ in range(2)
        ]
        await asyncio.sleep(0)
        turned_away = await sender.send(post(receiver.url))
        outcomes = [await send for send in waiting]
        held.opened.set()
    for outcome in (*outcomes, turned_away):
        assert outcome.reason is FailureReason.NO_FREE_CONNECTION
        assert isinstance(outcome, NotAttempted)
    assert len(receiver.requests) == 2
    assert [send.result().response_status for send in served] == [200, 200]


async def test_idle_connections_give_way_when_all_places_are_taken(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost, small_limits: SenderLimits
) -> None:
    receivers = [await receive(answers) for _ in range(5)]
    sender = make_sender(limits=small_limits)
    for receiver in receivers:
        assert (await sender.send(post(receiver.url))).response_status == 200
    assert sender.connections_open == 3
    await sender.send(post(receivers[4].url))
    await sender.send(post(receivers[0].url))
    assert [receiver.connections for receiver in receivers] == [2, 1, 1, 1, 1]


async def test_who_finds_all_places_in_use_gets_the_next_one_before_a_busy_origin(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    held = HeldReceiver(2)
    busy, other = await receive(held), await receive(answers)
    sender = make_sender(limits=SenderLimits(connections_max=2))
    async with asyncio.TaskGroup() as group:
        for _ in range(2):
            group.create_task(sender.send(post(busy.url)))
        await held.full.wait()
        late = group.create_task(sender.send(post(other.url)))
        await asyncio.sleep(0)
        held.opened.set()
    assert late.result().response_status == 200
    assert sender.connections_open == 2


async def test_idle_connections_are_closed_after_their_time_by_one_sweep(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers)
    sender = make_sender(limits=SenderLimits(idle_timeout_s=0.1))
    await asyncio.gather(*[sender.send(post(receiver.url)) for _ in range(3)])
    assert sender.connections_idle == 3
    await receiver.ended.wait()
    assert sender.connections_open == 0
    assert (await sender.send(post(receiver.url))).response_status == 200


async def test_an_old_connection_is_not_kept(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers)
    sender = make_sender(limits=SenderLimits(connection_age_max_s=0.0))
    await sender.send(post(receiver.url))
    await sender.send(post(receiver.url))
    assert receiver.connections == 2


async def test_a_cancelled_send_closes_its_connection_and_frees_its_place(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    held = HeldReceiver(1)
    receiver = await receive(held, answers)
    sender = make_sender(limits=SenderLimits(connections_per_origin_max=1))
    first = asyncio.create_task(sender.send(post(receiver.url)))
    await held.full.wait()
    waiting = asyncio.create_task(sender.send(post(receiver.url)))
    second = asyncio.create_task(sender.send(post(receiver.url)))
    await asyncio.sleep(0)
    waiting.cancel()
    first.cancel()
    assert (await second).response_status == 200
    with pytest.raises(asyncio.CancelledError):
        await first
    assert (sender.connections_open, sender.attempts_under_way) == (1, 0)


async def test_a_submitted_request_calls_back_once_and_may_submit_again(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    receiver = await receive(answers)
    sender = make_sender()
    outcomes: list[AttemptResult] = []
    done = asyncio.Event()

    def begin(on_result: Callable[[AttemptResult], None]) -> None:
        request = post(receiver.url)
        sender.post(
            sender.route(request.url), request.headers, request.body, request.timeout_s, on_result
        )

    def next_one(outcome: AttemptResult) -> None:
        outcomes.append(outcome)
        if len(outcomes) < 20:
            begin(next_one)
        else:
            done.set()

    begin(next_one)
    assert outcomes == []
    await done.wait()
    assert [outcome.response_status for outcome in outcomes] == [200] * 20
    assert receiver.connections == 1


async def test_a_request_that_cannot_be_made_is_told_later_too(
    make_sender: MakeSender, post: MakePost
) -> None:
    sender = make_sender()
    outcomes: list[AttemptResult] = []
    route = sender.route("ftp://example.com/")
    sender.post(route, (), b"", 1.0, outcomes.append)
    sender.post(route, (), b"", 1.0, outcomes.append).cancel()
    assert outcomes == []
    await asyncio.sleep(0)
    assert [outcome.reason for outcome in outcomes] == [FailureReason.URL_REFUSED]


async def test_closing_ends_what_is_under_way_and_what_comes_after(
    receive: StartReceiver, make_sender: MakeSender, post: MakePost
) -> None:
    held = HeldReceiver(1)
    receiver = await receive(held)
    sender = make_sender(limits=SenderLimits(connections_per_origin_max=1))
    sends = [asyncio.create_task(sender.send(post(receiver.url))) for _ in range(3)]
    await held.full.wait()
    await sender.aclose()
    for send in sends:
        assert (await send).reason is FailureReason.SENDER_CLOSED
    assert (await sender.send(post(receiver.url))).reason is FailureReason.SENDER_CLOSED
    assert (sender.connections_open, sender.attempts_under_way) == (0, 0)
