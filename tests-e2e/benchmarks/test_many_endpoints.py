"""The receiver of many endpoints behaves as told and hands over what arrived."""

import sys
from collections.abc import AsyncIterator
from pathlib import Path

import httpx
import pytest

sys.path.append(str(Path(__file__).parent))

from arrivals import NO_ANSWER
from endpoint_receiver import EndpointReceiver, running_endpoints
from many_endpoints import Behaviour


@pytest.fixture
async def receiver() -> AsyncIterator[EndpointReceiver]:
    async with running_endpoints() as running:
        yield running


async def post(
    receiver: EndpointReceiver, message: str, endpoint: int, *, answered_within_s: float = 60
) -> int:
    timeout = httpx.Timeout(60, read=answered_within_s)
    async with httpx.AsyncClient(timeout=timeout) as client:
        answer = await client.post(
            receiver.url(endpoint), content=b"{}" * 500, headers={"webhook-id": message}
        )
    return answer.status_code


async def test_arrivals_tell_message_endpoint_time_and_status(
    receiver: EndpointReceiver, tmp_path: Path
) -> None:
    before_ns = await receiver.behave(Behaviour.OK)
    assert await post(receiver, "msg_1", 0) == 200
    busy_ns = await receiver.behave(Behaviour.BUSY)
    assert await post(receiver, "msg_1", 999) == 503
    arrivals = await receiver.hand_over(tmp_path)
    first, second = arrivals
    assert (first.message, first.endpoint, first.status) == ("msg_1", 0, 200)
    assert (second.message, second.endpoint, second.status) == ("msg_1", 999, 503)
    assert before_ns < first.at_ns < busy_ns < second.at_ns
    assert len(await receiver.hand_over(tmp_path)) == 0


async def test_a_hanging_endpoint_reads_and_never_answers(
    receiver: EndpointReceiver, tmp_path: Path
) -> None:
    await receiver.behave(Behaviour.HANG)
    with pytest.raises(httpx.ReadTimeout):
        await post(receiver, "msg_1", 3, answered_within_s=0.5)
    [arrival] = await receiver.hand_over(tmp_path)
    assert arrival.status == NO_ANSWER


async def test_refused_connections_come_back_on_the_same_port(receiver: EndpointReceiver) -> None:
    async with httpx.AsyncClient() as client:
        await client.post(receiver.url(1), headers={"webhook-id": "kept"}, content=b"x")
        for _ in range(2):
            await receiver.behave(Behaviour.REFUSED)
            with pytest.raises(httpx.TransportError):
                await client.post(receiver.url(1), headers={"webhook-id": "lost"}, content=b"x")
            with pytest.raises(httpx.ConnectError):
                await post(receiver, "refused", 1)
            await receiver.behave(Behaviour.OK)
            assert await post(receiver, "back", 1) == 200


async def test_half_of_the_requests_are_answered(
    receiver: EndpointReceiver, tmp_path: Path
) -> None:
    await receiver.behave(Behaviour.HALF)
    statuses = {await post(receiver, f"msg_{number}", 0) for number in range(30)}
    assert statuses == {200, 503}


async def test_waiting_counts_each_delivery_once(receiver: EndpointReceiver) -> None:
    for _ in range(2):
        await post(receiver, "msg_1", 0)
    assert not await receiver.wait_for(2, 0.05)
    await post(receiver, "msg_1", 1)
    assert await receiver.wait_for(2, 5)


async def test_a_request_without_an_id_is_counted(
    receiver: EndpointReceiver, tmp_path: Path
) -> None:
    async with httpx.AsyncClient() as client:
        with pytest.raises(httpx.TransportError):
            await client.post(receiver.url(0), content=b"x")
    assert (await receiver.hand_over(tmp_path)).unreadable == 1
