"""Custom headers, secrets, and what Angarium adds to the endpoints of the Svix API."""

import base64
import json
from typing import Any

import pytest
from angarium_contracts.configuration import (
    ClientCertificate,
    CreateEndpoint,
    EndpointSecret,
    GetEndpoint,
    GetEndpointSecret,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.endpoint_options import (
    EndpointHeaders,
    GetEndpointHeaders,
    PatchEndpointHeaders,
    RotateEndpointSecret,
    SetEndpointHeaders,
)
from angarium_contracts.queries import Problem, ProblemCode
from msgspec import UNSET
from msgspec.structs import replace

from .conftest import ENDPOINT, ENDPOINT_ID, MADE_AT, STATE, TENANT, World, endpoint_saved

PATH = "/api/v1/app/acme/endpoint"
KEY = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"


def opened(world: World, sealed: Any) -> bytes:
    assert isinstance(sealed, bytes)
    return world.seal.open(sealed, TENANT)


async def test_headers_of_a_new_endpoint_travel_sealed(world: World) -> None:
    world.dispatcher.answers[CreateEndpoint] = endpoint_saved(created=True)
    body = {"url": "https://e.com", "headers": {"Authorization": "Bearer abc"}}
    assert (await world.client.post(PATH, json=body)).status_code == 201
    (command,) = world.dispatcher.asked
    assert isinstance(command, CreateEndpoint)
    assert json.loads(opened(world, command.sealed_headers)) == {"Authorization": "Bearer abc"}


@pytest.mark.parametrize(
    ("method", "kind", "headers"),
    [
        ("PUT", SetEndpointHeaders, {"X-A": "1"}),
        ("PATCH", PatchEndpointHeaders, {"X-A": "1", "X-B": None}),
    ],
)
async def test_headers_are_set_and_patched(
    world: World, method: str, kind: Any, headers: dict[str, Any]
) -> None:
    world.dispatcher.answers[kind] = endpoint_saved()
    answer = await world.client.request(
        method, f"{PATH}/orders/headers/", json={"headers": headers}
    )
    assert (answer.status_code, answer.content) == (204, b"")
    (command,) = world.dispatcher.asked
    assert isinstance(command, kind)
    assert json.loads(opened(world, command.sealed_headers)) == headers
    assert world.copy.learned == [STATE]


@pytest.mark.parametrize(
    ("body", "changes"),
    [
        (
            {"headers": {}, "deleteHeaders": ["authorization", "X-Old"]},
            {"authorization": None, "X-Old": None},
        ),
        ({"deleteHeaders": ["X-Old", "X-Old"]}, {"X-Old": None}),
        ({"headers": None, "deleteHeaders": ["X-Old"]}, {"X-Old": None}),
        ({"headers": {"X-A": "1"}, "deleteHeaders": ["X-B"]}, {"X-A": "1", "X-B": None}),
        ({"headers": {"X-A": "1"}, "deleteHeaders": None}, {"X-A": "1"}),
        ({"deleteHeaders": []}, {}),
    ],
)
async def test_headers_are_deleted_by_name(
    world: World, body: dict[str, Any], changes: dict[str, Any]
) -> None:
    world.dispatcher.answers[PatchEndpointHeaders] = endpoint_saved()
    answer = await world.client.patch(f"{PATH}/orders/headers", json=body)
    assert answer.status_code == 204
    (command,) = world.dispatcher.asked
    assert isinstance(command, PatchEndpointHeaders)
    assert json.loads(opened(world, command.sealed_headers)) == changes


@pytest.mark.parametrize(
    ("body", "location"),
    [
        ({}, ["headers"]),
        ({"headers": None, "deleteHeaders": None}, ["headers"]),
        ({"headers": {"X-Old": "1"}, "deleteHeaders": ["X-A", "x-old"]}, ["deleteHeaders", "1"]),
        ({"headers": {"X-Old": None}, "deleteHeaders": ["X-Old"]}, ["deleteHeaders", "0"]),
    ],
)
async def test_contradictory_changes_of_headers_are_refused(
    world: World, body: dict[str, Any], location: list[str]
) -> None:
    answer = await world.client.patch(f"{PATH}/orders/headers", json=body)
    assert answer.status_code == 422
    (fault,) = answer.json()["detail"]
    assert fault["loc"] == ["body", *location]


async def test_headers_are_read_with_their_secrets_only_named(world: World) -> None:
    headers = {"X-A": "1", "Authorization": "Bearer abc", "x-api-key": "k", "X-My-Token": "t"}
    sealed = world.seal.close(json.dumps(headers).encode(), ENDPOINT_ID)
    world.dispatcher.answers[GetEndpointHeaders] = EndpointHeaders(ENDPOINT_ID, sealed)
    answer = await world.client.get(f"{PATH}/orders/headers")
    assert answer.json() == {
        "headers": {"X-A": "1"},
        "sensitive": ["Authorization", "x-api-key", "X-My-Token"],
    }


async def test_an_endpoint_without_headers_has_none(world: World) -> None:
    world.dispatcher.answers[GetEndpointHeaders] = EndpointHeaders(ENDPOINT_ID)
    answer = await world.client.get(f"{PATH}/orders/headers")
    assert answer.json() == {"headers": {}, "sensitive": []}


@pytest.mark.parametrize(
    "body",
    [{}, {"headers": None}, {"headers": {"x": 1}}, {"headers": {f"x{n}": "" for n in range(51)}}],
)
async def test_headers_of_the_wrong_shape_are_refused(world: World, body: dict[str, Any]) -> None:
    answer = await world.client.put(f"{PATH}/orders/headers", json=body)
    assert answer.status_code == 422
    assert world.dispatcher.asked == []


async def test_a_refused_header_is_located(world: World) -> None:
    world.dispatcher.answers[SetEndpointHeaders] = Problem(
        ProblemCode.INVALID,
        "Host is set by Angarium; leave it out.",
        "headers.Host",
    )
    answer = await world.client.put(f"{PATH}/orders/headers", json={"headers": {"Host": "x"}})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "headers", "Host"]


async def test_a_rotation_takes_a_key_and_a_grace_or_neither(world: World) -> None:
    world.dispatcher.answers[RotateEndpointSecret] = endpoint_saved()
    path = f"{PATH}/orders/secret/rotate"
    bodies: list[dict[str, object]] = [{"key": KEY, "gracePeriodSeconds": 60}, {}]
    for body in bodies:
        answer = await world.client.post(path, json=body)
        assert (answer.status_code, answer.content) == (204, b"")
    first, second = world.dispatcher.asked
    assert isinstance(first, RotateEndpointSecret)
    assert opened(world, first.sealed_secret) == f"whsec_{KEY}".encode()
    assert first.grace_s == 60
    assert second == RotateEndpointSecret(TENANT, "acme", "orders")
    sealed = world.seal.close(b"whsec_abc", ENDPOINT_ID)
    world.dispatcher.answers[GetEndpointSecret] = EndpointSecret(ENDPOINT_ID, sealed)
    answer = await world.client.post(path, json={}, headers={"user-agent": "svix-libs/2.9.1/go"})
    assert (answer.status_code, answer.json()) == (200, {"key": "whsec_abc"})
    bodies = [{"key": "short"}, {"gracePeriodSeconds": -1}, {"gracePeriodSeconds": 604_801}]
    for body in bodies:
        assert (await world.client.post(path, json=body)).status_code == 422


async def test_a_private_key_is_taken_with_its_prefix(world: World) -> None:
    world.dispatcher.answers[CreateEndpoint] = endpoint_saved(created=True)
    key = "whsk_" + base64.b64encode(b"k" * 32).decode()
    body = {"url": "https://e.com", "secret": key}
    assert (await world.client.post(PATH, json=body)).status_code == 201
    (command,) = world.dispatcher.asked
    assert isinstance(command, CreateEndpoint)
    assert opened(world, command.sealed_secret) == key.encode()


async def test_angariums_own_members_are_passed_on_sealed_where_they_are_secret(
    world: World,
) -> None:
    world.dispatcher.answers[CreateEndpoint] = endpoint_saved(created=True)
    world.dispatcher.answers[PatchEndpoint] = endpoint_saved()
    members = {
        "timeoutSeconds": 20,
        "signatureHeaders": "both",
        "proxyUrl": "http://user:password@proxy",
        "clientCertificate": "PEM",
    }
    await world.client.post(PATH, json={"url": "https://e.com", **members})
    await world.client.patch(f"{PATH}/orders", json=members)
    for command in world.dispatcher.asked:
        assert isinstance(command, CreateEndpoint | PatchEndpoint)
        assert (command.timeout_s, command.header_names) == (20, "both")
        assert opened(world, command.sealed_proxy) == b"http://user:password@proxy"
        assert opened(world, command.sealed_client_certificate) == b"PEM"
        assert "password" not in repr(command)


async def test_what_a_put_leaves_out_stays_and_null_clears(world: World) -> None:
    world.dispatcher.answers[UpdateEndpoint] = endpoint_saved()
    cleared = {"timeoutSeconds": None, "proxyUrl": None, "clientCertificate": None}
    for members in ({}, cleared):
        await world.client.put(f"{PATH}/orders", json={"url": "https://e.com", **members})
    first, second = world.dispatcher.asked
    assert isinstance(first, UpdateEndpoint)
    assert isinstance(second, UpdateEndpoint)
    own = (first.timeout_s, first.header_names, first.sealed_proxy)
    assert (*own, first.sealed_client_certificate) == (UNSET, UNSET, UNSET, UNSET)
    assert (second.timeout_s, second.sealed_proxy) == (None, None)
    assert second.sealed_client_certificate is None


@pytest.mark.parametrize(
    "members",
    [
        {"timeoutSeconds": 0},
        {"timeoutSeconds": 31},
        {"timeoutSeconds": "15"},
        {"signatureHeaders": "other"},
        {"proxyUrl": ""},
        {"clientCertificate": "a" * 32_769},
    ],
)
async def test_own_members_of_the_wrong_shape_are_refused(
    world: World, members: dict[str, Any]
) -> None:
    answer = await world.client.post(PATH, json={"url": "https://e.com", **members})
    assert answer.status_code in {413, 422}
    assert world.dispatcher.asked == []


async def test_own_members_are_shown_where_they_say_something(world: World) -> None:
    endpoint = replace(
        ENDPOINT,
        disabled=True,
        timeout_s=20.0,
        header_names="both",
        proxy_url="http://proxy:80",
        client_certificate=ClientCertificate("CN=Acme", MADE_AT),
        disabled_reason="the endpoint answered 410 Gone",
    )
    world.dispatcher.answers[GetEndpoint] = replace(endpoint_saved(), endpoint=endpoint)
    members = (await world.client.get(f"{PATH}/orders")).json()
    assert members["timeoutSeconds"] == 20
    assert members["signatureHeaders"] == "both"
    assert members["proxyUrl"] == "http://proxy:80"
    assert members["clientCertificate"] == {
        "subject": "CN=Acme",
        "expiresAt": "2030-01-02T03:04:05.678901Z",
    }
    assert members["disabledReason"] == "the endpoint answered 410 Gone"
