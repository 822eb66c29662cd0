"""Happy eyeballs with sockets of this process and dials that end when the test says so."""

import asyncio
import contextlib
import socket

import pytest
from angarium_worker.adapters.destinations.dialing.failures import SendFailed
from angarium_worker.adapters.destinations.dialing.racing_dials import first_connected, in_turns
from angarium_worker.domain.attempt_result import FailureReason


class Dials:
    """`connect` answers as told: a socket at once or once released, or a failure."""

    def __init__(self, **behaviours: str) -> None:
        self.behaviours = behaviours
        self.begun: list[str] = []
        self.sockets: dict[str, socket.socket] = {}
        self.cancelled: list[str] = []
        self.all_begun = asyncio.Event()
        self.release = asyncio.Event()

    async def connect(self, address: str) -> socket.socket:
        self.begun.append(address)
        if len(self.begun) == len(self.behaviours):
            self.all_begun.set()
        try:
            return await self._answer(address)
        except asyncio.CancelledError:
            self.cancelled.append(address)
            raise

    async def _answer(self, address: str) -> socket.socket:
        match self.behaviours[address]:
            case "hangs":
                await asyncio.Event().wait()
            case "released":
                await self.release.wait()
            case "refuses":
                raise SendFailed(FailureReason.CONNECTION_REFUSED, address)
            case "no route":
                raise SendFailed(FailureReason.UNREACHABLE, address)
        self.sockets[address] = socket.socket()
        return self.sockets[address]


def closed(one: socket.socket) -> bool:
    return one.fileno() == -1


def test_families_take_turns_and_the_resolvers_order_stays() -> None:
    found = in_turns(["::1", "::2", "::3", "1.1.1.1", "1.1.1.2"], 4)
    assert found == ["::1", "1.1.1.1", "::2", "1.1.1.2"]
    assert in_turns(["1.1.1.1", "::1"], 8) == ["1.1.1.1", "::1"]


async def test_an_address_that_does_not_answer_does_not_hold_up_the_next() -> None:
    dials = Dials(a="hangs", b="connects")
    with contextlib.closing(await first_connected(["a", "b"], dials.connect, 0.01)) as connected:
        assert connected is dials.sockets["b"]
    assert dials.cancelled == ["a"]


async def test_a_failed_address_is_followed_at_once() -> None:
    dials = Dials(a="refuses", b="connects")
    async with asyncio.timeout(5):
        (await first_connected(["a", "b"], dials.connect, 60)).close()
    assert dials.begun == ["a", "b"]


async def test_an_address_that_answers_late_still_wins_while_others_hang() -> None:
    dials = Dials(a="released", b="hangs", c="hangs")
    race = asyncio.create_task(first_connected(["a", "b", "c"], dials.connect, 0.001))
    await dials.all_begun.wait()
    dials.release.set()
    (await race).close()
    assert sorted(dials.cancelled) == ["b", "c"]


async def test_of_two_that_answer_together_one_is_closed() -> None:
    dials = Dials(a="released", b="released")
    race = asyncio.create_task(first_connected(["a", "b"], dials.connect, 0.001))
    await dials.all_begun.wait()
    dials.release.set()
    won = await race
    await asyncio.sleep(0)
    assert [closed(each) for each in dials.sockets.values()].count(False) == 1
    won.close()


async def test_when_all_fail_the_failure_says_more_than_that_there_is_no_route() -> None:
    dials = Dials(a="no route", b="refuses", c="no route")
    with pytest.raises(SendFailed) as caught:
        await first_connected(["a", "b", "c"], dials.connect, 0.001)
    assert caught.value.reason is FailureReason.CONNECTION_REFUSED


async def test_a_cancelled_race_leaves_nothing_open() -> None:
    dials = Dials(a="hangs", b="hangs")
    race = asyncio.create_task(first_connected(["a", "b"], dials.connect, 0.001))
    await dials.all_begun.wait()
    race.cancel()
    with pytest.raises(asyncio.CancelledError):
        await race
    assert sorted(dials.cancelled) == ["a", "b"]
