"""Cancelling by hand: a message before its time, a delivery, what is pending for an endpoint."""

from dataclasses import replace
from datetime import UTC, datetime

import pytest
from angarium_contracts.configuration import GetApplication, GetEndpoint
from angarium_contracts.deliveries import CancelDeliveries, DeliveriesChanged
from angarium_contracts.ids import ENDPOINT, MESSAGE, format_id
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.read.messages import Message

from .conftest import (
    APPLICATION_ID,
    ENDPOINT_ID,
    OTHER_TOKEN,
    STATE,
    World,
    endpoint_saved,
)

POSTED = Message(b"m" * 16, "a.b", "evt-1", None, None, b"{}")
SCHEDULED = Message(
    b"n" * 16, "a.b", "evt-2", None, None, b"{}", deliver_at=datetime(2031, 1, 2, tzinfo=UTC)
)
PATH = "/api/v1/app/acme"
MESSAGE_PATH = f"{PATH}/msg/{format_id(MESSAGE, POSTED.id)}"


@pytest.fixture
def world(world: World) -> World:
    world.copy.states[APPLICATION_ID] = STATE
    world.journal.messages[APPLICATION_ID] = [POSTED, SCHEDULED]
    world.schedule.waiting = {(APPLICATION_ID, SCHEDULED.id)}
    world.worker.answers[CancelDeliveries] = DeliveriesChanged(0)
    world.dispatcher.answers[GetEndpoint] = endpoint_saved()
    return world


def commands(world: World) -> list[CancelDeliveries]:
    return [one for one in world.worker.asked if isinstance(one, CancelDeliveries)]


async def cancel(world: World, path: str) -> dict[str, object]:
    answer = await world.client.post(path)
    assert answer.status_code == 200, answer.text
    body: dict[str, object] = answer.json()
    return body


async def test_a_scheduled_message_is_taken_off_the_schedule_and_the_worker_is_not_asked(
    world: World,
) -> None:
    assert await cancel(world, f"{PATH}/msg/evt-2/cancel/") == {"canceled": 1, "done": True}
    assert (world.schedule.waiting, commands(world)) == (set(), [])


async def test_cancelling_a_scheduled_message_again_cancels_nothing(world: World) -> None:
    world.schedule.waiting.clear()
    canceled = replace(SCHEDULED, canceled_at=datetime(2030, 1, 2, tzinfo=UTC))
    world.journal.messages[APPLICATION_ID] = [canceled]
    assert await cancel(world, f"{PATH}/msg/evt-2/cancel") == {"canceled": 0, "done": True}
    assert commands(world) == []


async def test_a_message_that_went_out_has_its_pending_deliveries_cancelled(world: World) -> None:
    world.worker.answers[CancelDeliveries] = DeliveriesChanged(3)
    world.schedule.waiting.clear()
    assert await cancel(world, f"{MESSAGE_PATH}/cancel") == {"canceled": 3, "done": True}
    assert await cancel(world, f"{PATH}/msg/evt-2/cancel") == {"canceled": 3, "done": True}
    assert commands(world) == [
        CancelDeliveries(reason="cancelled manually", message_id=one, limit=1_000)
        for one in (POSTED.id, SCHEDULED.id)
    ]


async def test_one_delivery_is_cancelled_by_the_id_of_its_endpoint_or_its_uid(
    world: World,
) -> None:
    for ref in (format_id(ENDPOINT, ENDPOINT_ID), "orders"):
        await cancel(world, f"{MESSAGE_PATH}/endpoint/{ref}/cancel")
    expected = CancelDeliveries(
        reason="cancelled manually", message_id=POSTED.id, endpoint_id=ENDPOINT_ID, limit=1_000
    )
    assert commands(world) == [expected, expected]
    # Of a deleted endpoint too: only for a uid the dispatcher is asked.
    assert len(world.dispatcher.asked) == 1


async def test_what_is_pending_for_an_endpoint_is_cancelled_in_bounded_commands(
    world: World,
) -> None:
    world.worker.answers[CancelDeliveries] = DeliveriesChanged(1_000, done=False)
    path = f"{PATH}/endpoint/orders/cancel-pending"
    assert await cancel(world, path) == {"canceled": 10_000, "done": False}
    expected = CancelDeliveries(reason="cancelled manually", endpoint_id=ENDPOINT_ID, limit=1_000)
    assert commands(world) == [expected] * 10
    world.worker.asked.clear()
    answers = iter([DeliveriesChanged(1_000, done=False), DeliveriesChanged(7)])
    world.worker.answers[CancelDeliveries] = lambda _: next(answers)
    assert await cancel(world, path) == {"canceled": 1_007, "done": True}


async def test_what_was_cancelled_before_the_worker_fell_silent_is_told(world: World) -> None:
    away = Problem(ProblemCode.UNAVAILABLE, "Not reachable. Try again.")
    answers = iter([DeliveriesChanged(1_000, done=False), away, away])
    world.worker.answers[CancelDeliveries] = lambda _: next(answers)
    path = f"{PATH}/endpoint/orders/cancel-pending"
    assert await cancel(world, path) == {"canceled": 1_000, "done": False}
    assert (await world.client.post(path)).status_code == 503


@pytest.mark.parametrize(
    "path",
    ["/msg/evt-2/cancel", "/msg/evt-2/endpoint/orders/cancel", "/endpoint/orders/cancel-pending"],
)
async def test_nothing_of_another_tenant_is_cancelled(world: World, path: str) -> None:
    unknown = Problem(ProblemCode.NOT_FOUND, "there is no such application")
    for question in list(world.dispatcher.answers):
        world.dispatcher.answers[question] = unknown
    world.dispatcher.answers[GetApplication] = unknown
    headers = {"authorization": f"Bearer {OTHER_TOKEN}"}
    answer = await world.client.post(PATH + path, headers=headers)
    assert answer.status_code == 404
    assert world.schedule.waiting == {(APPLICATION_ID, SCHEDULED.id)}
    assert world.worker.asked == []


async def test_an_unknown_message_is_not_found(world: World) -> None:
    for path in ("/msg/evt-3/cancel", "/msg/evt-3/endpoint/orders/cancel"):
        answer = await world.client.post(PATH + path)
        assert answer.status_code == 404
        assert "evt-3" in answer.json()["detail"]
