"""gzip bodies of requests and answers of the API."""

import gzip
import json
import tracemalloc
from typing import Any

import pytest
from angarium_contracts.configuration import (
    Applications,
    CreateApplication,
    GetApplication,
    ListApplications,
)
from angarium_gateway.adapters.http.application import _CONTROLLERS
from angarium_gateway.adapters.http.gzip_bodies import (
    UNCOMPRESSED,
    Inflation,
    accepts_gzip,
    is_gzip,
)
from angarium_gateway.adapters.http.problems import Refused
from hypothesis import given
from hypothesis import strategies as st

from .conftest import APPLICATION, BODY_BYTES_MAX, World, application_saved

CODED = {"content-encoding": "gzip"}


@pytest.fixture
def writable(world: World) -> World:
    world.dispatcher.answers = {
        CreateApplication: application_saved(created=True),
        GetApplication: application_saved(),
        ListApplications: Applications(items=(APPLICATION,) * 20, done=True),
    }
    return world


async def created(world: World, body: bytes, **headers: str) -> Any:
    return await world.client.post("/api/v1/app", content=body, headers={**CODED, **headers})


@pytest.mark.parametrize("coding", ["gzip", "GZIP", "x-gzip"])
async def test_a_body_may_come_in_gzip(writable: World, coding: str) -> None:
    body = gzip.compress(json.dumps({"name": "Zipped"}).encode())
    answer = await created(writable, body, **{"content-encoding": coding})
    assert answer.status_code == 201
    (asked,) = writable.dispatcher.asked
    assert isinstance(asked, CreateApplication)
    assert asked.name == "Zipped"


async def test_a_repeat_that_is_compressed_otherwise_is_the_same_request(writable: World) -> None:
    text, key = json.dumps({"name": "A"}).encode(), {"idempotency-key": "k"}
    first = await created(writable, gzip.compress(text, 1, mtime=1), **key)
    second = await created(writable, gzip.compress(text, 9, mtime=2), **key)
    third = await writable.client.post("/api/v1/app", content=text, headers=key)
    assert first.json() == second.json() == third.json()
    assert third.headers["idempotency-replayed"] == "true"
    assert len([each for each in writable.dispatcher.asked if type(each) is CreateApplication]) == 1


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{}",
        gzip.compress(b"{}")[:-1],
        gzip.compress(b"{}") + b"{}",
        gzip.compress(b"{}") * 2,
        gzip.compress(b"{}")[:-5] + b"\0\0\0\0\0",
    ],
    ids=["nothing", "plain", "broken off", "with a rest", "two members", "wrong sum"],
)
async def test_what_is_not_one_gzip_member_is_422(writable: World, body: bytes) -> None:
    answer = await created(writable, body)
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert (fault["loc"], "gzip" in fault["msg"]) == (["body"], True)
    assert writable.dispatcher.asked == []


@pytest.mark.parametrize("coding", ["br", "deflate", "zstd", "gzip, gzip", "identity, gzip"])
async def test_any_other_coding_is_415_and_says_which_is_taken(
    writable: World, coding: str
) -> None:
    answer = await created(writable, b"x", **{"content-encoding": coding})
    assert answer.status_code == 415
    assert answer.headers["accept-encoding"] == "gzip"
    assert coding in answer.json()["detail"]


async def test_a_body_has_the_same_bound_when_it_is_inflated(writable: World) -> None:
    name = json.dumps({"name": "A", "metadata": {}}).encode()
    fits = name.ljust(BODY_BYTES_MAX)
    assert (await created(writable, gzip.compress(fits))).status_code == 201
    answer = await created(writable, gzip.compress(fits + b" "))
    assert answer.status_code == 413
    assert str(BODY_BYTES_MAX) in answer.json()["detail"]


def test_a_bomb_is_refused_before_it_is_inflated() -> None:
    bomb = gzip.compress(bytes(100_000_000))
    tracemalloc.start()
    with pytest.raises(Refused) as refused:
        Inflation(1_000_000).inflate(bomb)
    _, peak_bytes = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert refused.value.answer.status == 413
    assert peak_bytes < 4_000_000


@given(st.binary(max_size=2000), st.lists(st.integers(min_value=1, max_value=50)))
def test_a_body_inflates_alike_however_it_is_cut(text: bytes, sizes: list[int]) -> None:
    body, parts, inflation = gzip.compress(text), [], Inflation(2000)
    for size in [*sizes, len(body)]:
        parts.append(inflation.inflate(body[:size]))
        body = body[size:]
    inflation.finish()
    assert b"".join(parts) == text


async def test_a_long_answer_comes_in_gzip_for_those_who_accept_it(writable: World) -> None:
    plain = await writable.client.get("/api/v1/app", headers={"accept-encoding": "identity"})
    coded = await writable.client.get("/api/v1/app", headers={"accept-encoding": "br, gzip"})
    assert "content-encoding" not in plain.headers
    assert coded.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == coded.headers["vary"] == "accept-encoding"
    assert int(coded.headers["content-length"]) < int(plain.headers["content-length"]) / 3
    assert coded.json() == plain.json()
    head = await writable.client.head("/api/v1/app", headers={"accept-encoding": "gzip"})
    assert head.headers == coded.headers


async def test_short_answers_and_answers_to_posts_are_not_compressed(writable: World) -> None:
    accept = {"accept-encoding": "gzip"}
    short = await writable.client.get("/api/v1/app/acme", headers=accept)
    posted = await writable.client.post("/api/v1/app", json={"name": "A"}, headers=accept)
    assert (short.status_code, posted.status_code) == (200, 201)
    assert "content-encoding" not in short.headers
    assert "content-encoding" not in posted.headers


WITH_SECRETS = {
    "v1.ingest.source.list",
    "v1.ingest.source.create",
    "v1.ingest.source.get",
    "v1.ingest.source.update",
    "v1.ingest.source.rotate-token",
    "v1.integration.rotate-key",
    "v1.destination.rotate-secret",
    "v1.streaming.sink.rotate-secret",
    "v1.streaming.sink-headers-patch",
}


async def test_no_answer_with_a_secret_is_compressed(world: World) -> None:
    document = (await world.client.get("/api/v1/openapi.json")).json()
    # Besides what these paths name, URLs of sources and new keys are secret.
    secret = WITH_SECRETS | {
        operation["operationId"]
        for path, item in document["paths"].items()
        for method, operation in item.items()
        if method == "get" and path.endswith(("/secret", "/headers"))
    }
    marked = {
        handler.operation_id
        for controller in _CONTROLLERS
        for handler in vars(controller).values()
        if UNCOMPRESSED in getattr(handler, "opt", {})
    }
    assert secret == marked


@pytest.mark.parametrize(
    ("accepted", "gzipped"),
    [
        ([], False),
        (["gzip"], True),
        (["deflate, gzip;q=1.0, *;q=0.5"], True),
        (["gzip;q=0"], False),
        (["*"], True),
        (["*;q=0"], False),
        (["gzip;q=0, *"], False),
        (["identity", "GZIP ; q=0.1"], True),
        (["gzip;q=x"], False),
        (["notgzip"], False),
    ],
)
def test_gzip_is_used_only_if_the_client_accepts_it(accepted: list[str], gzipped: bool) -> None:
    assert accepts_gzip(accepted) is gzipped


def test_identity_is_no_coding() -> None:
    assert not is_gzip("identity")
