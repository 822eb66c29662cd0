"""Background tasks are canceled, and tell how far they came."""

from dataclasses import replace

import pytest
from angarium_contracts.ids import APPLICATION, BACKGROUND_TASK, format_id
from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.background_tasks import TaskArguments, TaskKind, TaskProgress
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import KeyScope

from .conftest import APPLICATION_ID, ENDPOINT_ID, MADE_AT, TENANT, World

TASK_ID = b"q" * 16
PATH = f"/api/v1/background-task/{format_id(BACKGROUND_TASK, TASK_ID)}"
ARGUMENTS = TaskArguments(APPLICATION_ID, ENDPOINT_ID, MADE_AT, MADE_AT)


async def start(world: World, arguments: TaskArguments = ARGUMENTS) -> None:
    started = await world.tasks.start(TASK_ID, TENANT, TaskKind.RECOVER, arguments, running_max=10)
    assert started is not None


def bound_to(world: World, application_id: bytes) -> dict[str, str]:
    token = f"bound-to-{application_id.hex()}"
    caller = Caller(TENANT, b"b" * 16, KeyScope.APPLICATION, application_id)
    world.api_keys.callers[token_hash(token)] = caller
    return {"authorization": f"Bearer {token}"}


async def test_a_running_task_is_canceled_and_stays_so(world: World) -> None:
    await start(world)

    answer = await world.client.post(f"{PATH}/cancel")

    assert answer.status_code == 200, answer.text
    canceled = answer.json()
    # `status` is a closed set in the SDKs.
    assert (canceled["state"], canceled["status"]) == ("canceled", "failed")
    assert canceled["data"]["error"] == "The task was canceled."
    assert canceled["progress"] == {"percent": 0, "done": 0, "total": None}
    assert (await world.client.get(PATH)).json() == canceled
    (entry,) = world.audit_log.entries
    assert (entry.operation, entry.status) == ("v1.background-task.cancel", 200)
    assert entry.after == '{"state":"canceled"}'

    again = await world.client.post(f"{PATH}/cancel")
    assert again.status_code == 409
    assert "ended already" in again.json()["detail"]


async def test_tasks_are_listed_by_their_state(world: World) -> None:
    await start(world)
    await world.client.post(f"{PATH}/cancel")
    for status, count in (("failed", 1), ("canceled", 1), ("running", 0), ("finished", 0)):
        listed = await world.client.get("/api/v1/background-task", params={"status": status})
        assert len(listed.json()["data"]) == count, status


async def test_a_task_that_delivers_kept_messages_is_not_canceled(world: World) -> None:
    await start(world, replace(ARGUMENTS, kept=True))
    answer = await world.client.post(f"{PATH}/cancel")
    assert answer.status_code == 409
    assert "disable the endpoint" in answer.json()["detail"]


@pytest.mark.parametrize("name", ["qtask_05jHR6TnRzUGhKWN8Ckr5D", "nothing"])
async def test_what_is_no_task_is_not_found(world: World, name: str) -> None:
    answer = await world.client.post(f"/api/v1/background-task/{name}/cancel")
    assert answer.status_code == 404


async def test_a_key_of_an_application_cancels_its_own_tasks_only(world: World) -> None:
    await start(world)
    foreign = await world.client.post(f"{PATH}/cancel", headers=bound_to(world, b"z" * 16))
    assert foreign.status_code == 404
    assert (await world.client.get(PATH)).json()["state"] == "running"
    own = await world.client.post(f"{PATH}/cancel", headers=bound_to(world, APPLICATION_ID))
    assert own.json()["state"] == "canceled"
    assert own.json()["data"]["appId"] == format_id(APPLICATION, APPLICATION_ID)


async def test_a_key_that_reads_cancels_nothing(world: World) -> None:
    await start(world)
    world.api_keys.callers[token_hash("reader")] = Caller(TENANT, b"r" * 16, KeyScope.READ)
    reader = {"authorization": "Bearer reader"}
    assert (await world.client.post(f"{PATH}/cancel", headers=reader)).status_code == 403


async def test_a_task_tells_how_far_it_came(world: World) -> None:
    await start(world)
    row = world.tasks.rows[TASK_ID]
    progress = TaskProgress(looked=40, resent=3)
    world.tasks.rows[TASK_ID] = replace(row, task=replace(row.task, progress=progress))
    assert (await world.client.get(PATH)).json()["progress"]["done"] == 40
