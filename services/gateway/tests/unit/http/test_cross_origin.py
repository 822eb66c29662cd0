"""CORS: which pages may use the API from a browser."""

from dataclasses import replace

import httpx
import pytest
from angarium_gateway.domain.cors_origins import BadOrigin, parse_origins

from .conftest import LIMITS, STATE, a_world, serving

APP, EVIL = "https://app.example.com", "https://evil.example"
PATHS = ("/api/v1/app/acme", "/api/v1/app/acme/msg")


async def send(
    origins: str, method: str, path: str, origin: str | None, **headers: str
) -> httpx.Response:
    limits = replace(LIMITS, cors_origins=parse_origins(origins))
    world, ports = a_world()
    await world.copy.learn(STATE)
    async with serving(world, ports, limits) as served:
        if origin is not None:
            headers["origin"] = origin
        return await served.client.request(method, path, headers=headers)


def granted(answer: httpx.Response) -> dict[str, str]:
    return {name: value for name, value in answer.headers.items() if name.startswith("access-")}


@pytest.mark.parametrize("path", PATHS)
async def test_a_preflight_from_a_named_origin_is_answered_without_a_key(path: str) -> None:
    answer = await send(
        f"{APP}, http://localhost:3000",
        "OPTIONS",
        path,
        APP,
        **{
            "access-control-request-method": "POST",
            "access-control-request-headers": "authorization, svix-req-id",
            "authorization": "",
        },
    )
    assert (answer.status_code, answer.content) == (204, b"")
    assert answer.headers["access-control-allow-origin"] == APP
    assert "PATCH" in answer.headers["access-control-allow-methods"]
    assert answer.headers["access-control-allow-headers"] == "authorization, svix-req-id"
    assert answer.headers["vary"] == "origin"
    assert "access-control-allow-credentials" not in answer.headers


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "TRACE"])
async def test_every_answer_to_a_named_origin_may_be_read_by_it(path: str, method: str) -> None:
    answer = await send(APP, method, path, APP, authorization="Bearer wrong")
    assert answer.status_code in (401, 405)
    assert answer.headers["access-control-allow-origin"] == APP
    assert "etag" in answer.headers["access-control-expose-headers"]


@pytest.mark.parametrize("path", PATHS)
@pytest.mark.parametrize("method", ["GET", "POST", "OPTIONS"])
@pytest.mark.parametrize("origin", [EVIL, "null", f"{APP}.evil.example", APP.upper(), None])
async def test_no_other_origin_gets_anything(path: str, method: str, origin: str | None) -> None:
    asked = {"access-control-request-method": "POST", "authorization": "Bearer wrong"}
    answer = await send(APP, method, path, origin, **asked)
    assert granted(answer) == {}
    assert answer.headers["vary"] == "origin"


async def test_all_origins_may_be_named_at_once() -> None:
    answer = await send("*", "POST", PATHS[1], EVIL, authorization="Bearer wrong")
    assert answer.headers["access-control-allow-origin"] == "*"
    assert "vary" not in answer.headers
    assert granted(await send("*", "POST", PATHS[1], None)) == {}


async def test_without_the_setting_there_is_no_cors() -> None:
    asked = {"access-control-request-method": "POST"}
    answer = await send("", "OPTIONS", PATHS[1], APP, **asked)
    assert (answer.status_code, granted(answer)) == (204, {})
    assert "allow" in answer.headers


@pytest.mark.parametrize(
    "text",
    [
        "example.com",
        "https://a.example/",
        "https://A.example",
        "ftp://a.example",
        "https://*.a",
        "null",
    ],
)
def test_what_is_no_origin_is_refused(text: str) -> None:
    with pytest.raises(BadOrigin, match="is no origin"):
        parse_origins(text)


def test_origins_are_separated_by_commas() -> None:
    assert parse_origins(f" {APP} ,http://[::1]:8080,") == {APP, "http://[::1]:8080"}
    assert parse_origins("") == frozenset()
