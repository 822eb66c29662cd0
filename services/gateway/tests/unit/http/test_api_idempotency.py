"""Idempotency-Key on POSTs."""

import asyncio

import pytest
from angarium_contracts.configuration import (
    ApplicationSaved,
    CreateApplication,
    CreateEventType,
    GetApplication,
)
from angarium_contracts.queries import Problem, ProblemCode

from .conftest import OTHER_TOKEN, World, application_saved

BODY = {"name": "Acme"}
KEY = {"idempotency-key": "auto_123"}


async def test_a_repeat_gets_the_first_answer_and_does_nothing(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)
    world.dispatcher.answers[GetApplication] = application_saved()
    first = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
    again = await world.client.post("/api/v1/app/", json=BODY, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 201)
    assert again.content == first.content
    assert again.headers["content-type"] == "application/json"
    assert again.headers["idempotency-replayed"] == "true"
    assert "idempotency-replayed" not in first.headers
    assert [type(asked) for asked in world.dispatcher.asked] == [CreateApplication, GetApplication]


async def test_a_repeat_whose_object_is_gone_says_so(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)
    world.dispatcher.answers[GetApplication] = Problem(ProblemCode.NOT_FOUND, "gone")
    first = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
    again = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
    assert (first.status_code, again.status_code) == (201, 410)
    assert again.json()["code"] == "created_object_deleted"
    assert first.json()["id"] in again.json()["detail"]
    assert again.headers["idempotency-replayed"] == "true"


async def test_a_repeat_is_answered_while_nobody_can_tell_whether_it_is_gone(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)
    world.dispatcher.answers[GetApplication] = Problem(ProblemCode.UNAVAILABLE, "away")
    for _ in range(2):
        answer = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
        assert answer.status_code == 201


async def test_refusals_are_replayed_as_problems(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = Problem(ProblemCode.CONFLICT, "taken")
    answers = [await world.client.post("/api/v1/app", json=BODY, headers=KEY) for _ in range(2)]
    assert [answer.status_code for answer in answers] == [409, 409]
    assert answers[0].json() == answers[1].json()
    assert answers[1].headers["content-type"] == "application/problem+json"
    assert len(world.dispatcher.asked) == 1


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/v1/app", {"name": "Other"}),
        ("/api/v1/app?get_if_exists=true", BODY),
        ("/api/v1/event-type", BODY),
    ],
)
async def test_another_request_under_the_same_key_is_422(
    world: World, path: str, body: dict[str, str]
) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)
    await world.client.post("/api/v1/app", json=BODY, headers=KEY)
    answer = await world.client.post(path, json=body, headers=KEY)
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["header", "idempotency-key"]
    assert len(world.dispatcher.asked) == 1


async def test_the_same_key_of_another_tenant_is_another_key(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)
    other = KEY | {"authorization": f"Bearer {OTHER_TOKEN}"}
    for headers in (KEY, other):
        answer = await world.client.post("/api/v1/app", json=BODY, headers=headers)
        assert answer.status_code == 201
    assert len(world.dispatcher.asked) == 2


async def test_while_the_first_is_in_flight_a_repeat_is_409(world: World) -> None:
    started, finish = asyncio.Event(), asyncio.Event()

    async def answer_late(_: object) -> ApplicationSaved:
        started.set()
        await finish.wait()
        return application_saved(created=True)

    world.dispatcher.answers[CreateApplication] = answer_late
    async with asyncio.TaskGroup() as tasks:
        first = tasks.create_task(world.client.post("/api/v1/app", json=BODY, headers=KEY))
        await started.wait()
        repeat = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
        finish.set()
    assert repeat.status_code == 409
    assert repeat.headers["retry-after"] == "1"
    assert first.result().status_code == 201


async def test_an_answer_of_5xx_is_not_kept(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = Problem(ProblemCode.UNAVAILABLE, "try again")
    first = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)
    again = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
    assert (first.status_code, again.status_code) == (503, 201)


async def test_a_request_that_is_cut_off_keeps_its_key_until_it_counts_as_abandoned(
    world: World,
) -> None:
    started = asyncio.Event()

    async def hang(_: object) -> ApplicationSaved:
        started.set()
        await asyncio.Event().wait()
        raise AssertionError

    world.dispatcher.answers[CreateApplication] = hang
    request = asyncio.ensure_future(world.client.post("/api/v1/app", json=BODY, headers=KEY))
    await started.wait()
    request.cancel()
    with pytest.raises(asyncio.CancelledError):
        await request
    repeat = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
    assert repeat.status_code == 409


async def test_an_error_of_ours_frees_the_key(world: World) -> None:
    def break_down(_: object) -> CreateEventType:
        raise RuntimeError

    world.dispatcher.answers[CreateApplication] = break_down
    answer = await world.client.post("/api/v1/app", json=BODY, headers=KEY)
    assert answer.status_code == 500
    assert world.keys.rows == {}


@pytest.mark.parametrize("key", [b"", b"k" * 257, b"tab\there", "ключ".encode(), b"caf\xe9"])
async def test_a_key_that_is_none_is_422(world: World, key: bytes) -> None:
    answer = await world.client.post("/api/v1/app", json=BODY, headers=[(b"idempotency-key", key)])
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["header", "idempotency-key"]
    assert world.dispatcher.asked == []


async def test_without_a_valid_api_key_nothing_is_claimed(world: World) -> None:
    headers = KEY | {"authorization": "Bearer unknown"}
    assert (await world.client.post("/api/v1/app", json=BODY, headers=headers)).status_code == 401
    assert world.keys.rows == {}


async def test_a_body_over_the_limit_claims_nothing(world: World) -> None:
    answer = await world.client.post("/api/v1/app", content=b" " * 5000, headers=KEY)
    assert answer.status_code == 413
    assert world.keys.rows == {}
