"""DELETE …/content"""

import pytest
from angarium_contracts.attempts import ExpungeAttempt
from angarium_contracts.deliveries import DeliveriesChanged, ExpungeMessage
from angarium_contracts.ids import ATTEMPT, MESSAGE, format_id, lowest_id_at
from angarium_contracts.queries import Done, Problem, ProblemCode
from angarium_gateway.application.read.messages import Message
from angarium_gateway.domain.messages import NewMessage

from .conftest import APPLICATION_ID, STATE, TENANT, World

MESSAGE_ID, ATTEMPT_ID = lowest_id_at(1), lowest_id_at(2)
PATH = f"/api/v1/app/acme/msg/{format_id(MESSAGE, MESSAGE_ID)}"
ATTEMPT_PATH = f"{PATH}/attempt/{format_id(ATTEMPT, ATTEMPT_ID)}/content"


@pytest.fixture
def world(world: World) -> World:
    world.copy.states[APPLICATION_ID] = STATE
    world.journal.messages[APPLICATION_ID] = [Message(MESSAGE_ID, "a", "evt-1", None, None, b"{}")]
    world.replayed.add(NewMessage(MESSAGE_ID, TENANT, APPLICATION_ID, "a", b"{}"))
    world.worker.answers[ExpungeMessage] = DeliveriesChanged(count=1)
    world.worker.answers[ExpungeAttempt] = Done()
    return world


async def test_the_payload_of_a_message_is_deleted_here_and_at_the_worker(world: World) -> None:
    for ref in (format_id(MESSAGE, MESSAGE_ID), "evt-1"):
        answer = await world.client.delete(f"/api/v1/app/acme/msg/{ref}/content")
        assert (answer.status_code, answer.content) == (204, b"")
        (command,) = world.worker.asked
        assert isinstance(command, ExpungeMessage)
        assert command.message_id == MESSAGE_ID
        world.worker.asked.clear()
    assert world.replayed.messages[MESSAGE_ID].expunged


async def test_the_answer_of_an_attempt_is_deleted(world: World) -> None:
    answer = await world.client.delete(ATTEMPT_PATH)
    assert (answer.status_code, answer.content) == (204, b"")
    assert world.worker.asked == [ExpungeAttempt(MESSAGE_ID, ATTEMPT_ID)]
    assert not world.replayed.messages[MESSAGE_ID].expunged
    world.worker.answers[ExpungeAttempt] = Problem(ProblemCode.NOT_FOUND, "no such attempt")
    assert (await world.client.delete(ATTEMPT_PATH)).status_code == 404


@pytest.mark.parametrize(
    "path",
    ["/api/v1/app/acme/msg/other/content", f"{PATH}/attempt/other/content"],
)
async def test_what_does_not_exist_is_not_found(world: World, path: str) -> None:
    assert (await world.client.delete(path)).status_code == 404
    assert world.worker.asked == []


async def test_a_worker_that_does_not_answer_is_told(world: World) -> None:
    world.worker.answers[ExpungeMessage] = Problem(ProblemCode.UNAVAILABLE, "No answer. Try again.")
    answer = await world.client.delete(f"{PATH}/content")
    assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
