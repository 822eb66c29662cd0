"""Deleting content: what is waited for, and what a request is told that waits in vain."""

from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from angarium_contracts.contract import Contract
from angarium_contracts.deliveries import DeliveriesChanged, ExpungeMessage
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.read.messages import Message
from angarium_gateway.application.read.references import OwnedMessage
from angarium_gateway.application.redelivery.expunge_content import WAITS_S, ExpungeContent
from angarium_gateway.domain.messages import NewMessage

from ...fakes.legal_hold_model import MemoryLegalHolds
from ...fakes.redelivery_models import (
    APPLICATION_ID,
    MADE_AT,
    TENANT,
    MemoryReplayJournal,
)

MESSAGE = Message(b"m" * 16, "a", None, None, None, None)


@dataclass
class World:
    """Implements the ports of `ExpungeContent`, and notes in which order they are used."""

    message: Message = MESSAGE
    replayed: MemoryReplayJournal = field(default_factory=MemoryReplayJournal)
    answers: list[DeliveriesChanged | Problem] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    canceled: list[bytes] = field(default_factory=list)
    settles_after: int = 0

    async def cancel(self, application_id: bytes, message_id: bytes) -> bool:
        self.canceled.append(message_id)
        return True

    async def sleep(self, wait_s: float) -> None:
        self.waited.append(wait_s)
        if len(self.waited) > self.settles_after:
            self.replayed.open_ids.clear()

    async def ask_worker(self, question: Contract, _: type[Any]) -> Any:
        assert isinstance(question, ExpungeMessage)
        assert question.message_id == self.message.id
        return self.answers.pop(0) if self.answers else DeliveriesChanged(count=0)


@dataclass
class ReferencesTo:
    world: World

    async def message(self, *_: object) -> OwnedMessage:
        return OwnedMessage(APPLICATION_ID, self.world.message)


@pytest.fixture
def world() -> World:
    world = World()
    world.replayed.add(NewMessage(MESSAGE.id, TENANT, APPLICATION_ID, "a", b"{}"))
    return world


async def expunged(world: World) -> Problem | None:
    references: Any = ReferencesTo(world)
    schedule: Any = world
    ask_worker: Any = world.ask_worker
    use_case = ExpungeContent(
        references,
        schedule,
        world.replayed,
        world.replayed,
        ask_worker,
        MemoryLegalHolds(),
        sleep=world.sleep,
    )
    return await use_case.message(TENANT, "acme", "m")


async def test_a_message_on_its_way_is_waited_for(world: World) -> None:
    world.replayed.open_ids = {MESSAGE.id}
    world.settles_after = 3
    assert await expunged(world) is None
    assert world.replayed.messages[MESSAGE.id].expunged
    assert world.waited[:4] == list(WAITS_S[:4])


async def test_a_message_that_stays_on_its_way_keeps_its_payload(world: World) -> None:
    world.replayed.open_ids = {MESSAGE.id}
    world.settles_after = len(WAITS_S)
    problem = await expunged(world)
    assert isinstance(problem, Problem)
    assert problem.code is ProblemCode.UNAVAILABLE
    assert "Repeat the request" in problem.detail
    assert not world.replayed.messages[MESSAGE.id].expunged


async def test_an_attempt_under_way_is_waited_for(world: World) -> None:
    world.answers = [DeliveriesChanged(count=1, done=False)] * 3
    assert await expunged(world) is None
    assert len(world.waited) == 1 + 4


async def test_an_attempt_that_lasts_is_told(world: World) -> None:
    world.answers = [DeliveriesChanged(count=0, done=False)] * len(WAITS_S)
    problem = await expunged(world)
    assert isinstance(problem, Problem)
    assert "under way" in problem.detail
    assert world.replayed.messages[MESSAGE.id].expunged


async def test_a_worker_that_is_down_is_told(world: World) -> None:
    down = Problem(code=ProblemCode.UNAVAILABLE, detail="no answer")
    world.answers = [down]
    assert await expunged(world) is down


async def test_a_scheduled_message_is_taken_off_the_schedule(world: World) -> None:
    world.message = replace(MESSAGE, deliver_at=MADE_AT)
    assert await expunged(world) is None
    assert world.canceled == [MESSAGE.id]
    world.message = replace(MESSAGE, deliver_at=MADE_AT, canceled_at=MADE_AT)
    assert await expunged(world) is None
    assert world.canceled == [MESSAGE.id]
