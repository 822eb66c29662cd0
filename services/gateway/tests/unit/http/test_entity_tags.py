"""ETag, If-Match and If-None-Match, as the API answers and asks the dispatcher."""

from datetime import timedelta
from typing import Any

import msgspec
import pytest
from angarium_contracts.configuration import (
    ApplicationDeleted,
    Applications,
    ApplicationSaved,
    DeleteApplication,
    DeleteEndpoint,
    DeleteEventType,
    GetApplication,
    ListApplications,
    PatchApplication,
    PatchEndpoint,
    PatchEventType,
    Precondition,
    UpdateApplication,
    UpdateEndpoint,
    UpdateEventType,
    version_of,
)
from angarium_contracts.queries import Problem, ProblemCode

from .conftest import APPLICATION, MADE_AT, STATE, World, application_saved

PATH = "/api/v1/app/acme"
VERSION = version_of(MADE_AT)
CHANGED = Problem(code=ProblemCode.PRECONDITION_FAILED, detail="changed")


@pytest.fixture
def acme(world: World) -> World:
    """A world with one application, whose metadata is long enough to be compressed."""
    long = msgspec.structs.replace(APPLICATION, metadata={"plan": "gold" * 500})
    saved = ApplicationSaved(application=long, state=STATE)
    world.dispatcher.answers = {
        GetApplication: saved,
        UpdateApplication: saved,
        PatchApplication: saved,
        ListApplications: Applications(items=(APPLICATION,), done=True),
        DeleteApplication: ApplicationDeleted(state=STATE),
    }
    return world


async def tag_of(world: World, accept: str = "identity") -> str:
    answer = await world.client.get(PATH, headers={"accept-encoding": accept})
    return str(answer.headers["etag"])


async def test_the_tag_of_an_object_is_of_its_version_and_content(acme: World) -> None:
    first = await tag_of(acme)
    assert first.startswith(f'"{VERSION}-')
    assert await tag_of(acme) == first
    acme.dispatcher.answers[GetApplication] = application_saved()
    other_content = await tag_of(acme)
    assert other_content != first
    assert other_content.startswith(f'"{VERSION}-')
    later = MADE_AT + timedelta(microseconds=1)
    acme.dispatcher.answers[GetApplication] = ApplicationSaved(
        application=msgspec.structs.replace(APPLICATION, updated_at=later), state=STATE
    )
    assert (await tag_of(acme)).startswith(f'"{version_of(later)}-')


async def test_a_write_answers_with_the_tag_that_a_read_would_have(acme: World) -> None:
    body = {"name": "A"}
    put = await acme.client.put(PATH, json=body)
    patched = await acme.client.patch(PATH, json=body)
    assert put.headers["etag"] == patched.headers["etag"] == await tag_of(acme)


@pytest.mark.parametrize("form", ["{}", "W/{}", '"a", {}', '"x,y" ,W/"b",{}', "*"])
async def test_a_client_that_has_the_object_gets_304(acme: World, form: str) -> None:
    tag = await tag_of(acme)
    for method in ("GET", "HEAD"):
        answer = await acme.client.request(
            method, PATH, headers={"if-none-match": form.format(tag), "accept-encoding": "gzip"}
        )
        assert (answer.status_code, answer.content) == (304, b"")
        assert answer.headers["etag"] == tag
        assert answer.headers["vary"] == "accept-encoding"
        assert "content-length" not in answer.headers


async def test_a_client_with_another_version_gets_the_object(acme: World) -> None:
    answer = await acme.client.get(PATH, headers={"if-none-match": '"a", "b"'})
    assert (answer.status_code, answer.json()["uid"]) == (200, "acme")


async def test_a_compressed_answer_has_a_tag_of_its_own_that_conditions_know(acme: World) -> None:
    plain, coded = await tag_of(acme), await tag_of(acme, "gzip")
    assert coded == plain[:-1] + '-gzip"'
    headers = {"accept-encoding": "gzip", "if-none-match": coded}
    answer = await acme.client.get(PATH, headers=headers)
    assert (answer.status_code, answer.headers["etag"]) == (304, coded)
    await acme.client.patch(PATH, json={"name": "A"}, headers={"if-match": coded})
    assert given(acme) == Precondition(if_match=(VERSION,))


async def test_a_read_that_asks_for_another_version_is_412(acme: World) -> None:
    tag = await tag_of(acme)
    assert (await acme.client.get(PATH, headers={"if-match": tag})).status_code == 200
    answer = await acme.client.get(PATH, headers={"if-match": f"W/{tag}"})
    assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")


def given(world: World) -> Precondition | None:
    asked: Any = world.dispatcher.asked[-1]
    found: Precondition | None = asked.precondition
    return found


@pytest.mark.parametrize(
    ("headers", "asked"),
    [
        ({}, None),
        ({"if-match": '"12ab-cd", "34"'}, Precondition(if_match=("12ab", "34"))),
        ({"if-match": 'W/"12ab-cd"'}, Precondition(if_match=())),
        ({"if-match": "*"}, Precondition(if_match=("*",))),
        ({"if-none-match": "*"}, Precondition(if_none_match=("*",))),
        ({"if-none-match": 'W/"12ab-cd"'}, Precondition(if_none_match=("12ab",))),
    ],
)
@pytest.mark.parametrize("method", ["PUT", "PATCH", "DELETE"])
async def test_the_dispatcher_is_asked_to_check_the_version(
    acme: World, method: str, headers: dict[str, str], asked: Precondition | None
) -> None:
    body = None if method == "DELETE" else {"name": "A"}
    assert (await acme.client.request(method, PATH, json=body, headers=headers)).is_success
    assert given(acme) == asked


ENDPOINT = {"url": "https://example.com"}


@pytest.mark.parametrize(
    ("path", "bodies", "commands"),
    [
        (
            "/app/acme",
            ({"name": "A"}, {"name": "A"}),
            (UpdateApplication, PatchApplication, DeleteApplication),
        ),
        (
            "/app/acme/endpoint/e",
            (ENDPOINT, ENDPOINT),
            (UpdateEndpoint, PatchEndpoint, DeleteEndpoint),
        ),
        (
            "/event-type/a",
            ({"description": ""}, {"description": ""}),
            (UpdateEventType, PatchEventType, DeleteEventType),
        ),
        (
            "/operational-webhook/endpoint/e",
            (ENDPOINT, None),
            (UpdateEndpoint, None, DeleteEndpoint),
        ),
    ],
)
async def test_a_write_of_another_version_is_412(
    world: World, path: str, bodies: tuple[Any, ...], commands: tuple[Any, ...]
) -> None:
    for method, body, command in zip(
        ("PUT", "PATCH", "DELETE"), (*bodies, None), commands, strict=True
    ):
        if command is None:
            continue
        world.dispatcher.answers[command] = CHANGED
        headers = {"if-match": '"1"'}
        answer = await world.client.request(method, f"/api/v1{path}", json=body, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (412, "precondition_failed")
        assert "ETag" in answer.json()["detail"]
        assert given(world) == Precondition(if_match=("1",))


@pytest.mark.parametrize("name", ["if-match", "if-none-match"])
@pytest.mark.parametrize(
    ("method", "path", "value"),
    [
        ("PATCH", PATH, "1"),
        ("GET", PATH, '"1'),
        ("PUT", PATH, '*, "1"'),
        ("DELETE", PATH, ""),
        ("GET", "/api/v1/app", '"1"'),
        ("POST", "/api/v1/app", '"1"'),
        ("PUT", f"{PATH}/endpoint/e/headers", '"1"'),
        ("GET", f"{PATH}/endpoint/e/secret", '"1"'),
    ],
)
async def test_a_condition_that_would_be_dropped_is_refused(
    acme: World, method: str, path: str, value: str, name: str
) -> None:
    body = {"name": "A"} if method in ("POST", "PUT", "PATCH") else None
    answer = await acme.client.request(method, path, json=body, headers={name: value})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["header", name]
    assert acme.dispatcher.asked == []


async def test_lists_have_no_tag(acme: World) -> None:
    answer = await acme.client.get("/api/v1/app")
    assert (answer.status_code, "etag" in answer.headers) == (200, False)
