"""Formats and authentication in the API: sealed on their way, and shown without secrets."""

import json
from typing import Any

import pytest
from angarium_contracts.configuration import (
    ClientCertificate,
    CreateEndpoint,
    GetEndpoint,
    PatchEndpoint,
    ShownAuthentication,
)
from msgspec.structs import replace

from .conftest import ENDPOINT, MADE_AT, TENANT, World, endpoint_saved

PATH = "/api/v1/app/acme/endpoint"
CANARY = "canary-9a1"


async def test_an_authentication_travels_sealed(world: World) -> None:
    world.dispatcher.answers[CreateEndpoint] = endpoint_saved(created=True)
    given = {
        "type": "oauth2",
        "tokenUrl": "https://l.com/t",
        "clientId": "a",
        "clientSecret": CANARY,
    }
    body = {
        "url": "https://e.com",
        "authentication": given,
        "caCertificates": "PEM",
        "payloadFormat": "envelope",
        "handshake": True,
    }
    assert (await world.client.post(PATH, json=body)).status_code == 201
    (command,) = world.dispatcher.asked
    assert isinstance(command, CreateEndpoint)
    assert CANARY not in repr(command)
    sealed, ca = command.sealed_authentication, command.sealed_ca_certificates
    assert isinstance(sealed, bytes)
    assert isinstance(ca, bytes)
    assert json.loads(world.seal.open(sealed, TENANT)) == given
    assert world.seal.open(ca, TENANT) == b"PEM"
    assert (command.payload_format, command.handshake) == ("envelope", True)


async def test_null_removes_them(world: World) -> None:
    world.dispatcher.answers[PatchEndpoint] = endpoint_saved()
    body = {"authentication": None, "caCertificates": None, "contentType": None}
    assert (await world.client.patch(f"{PATH}/orders", json=body)).status_code == 200
    (command,) = world.dispatcher.asked
    assert isinstance(command, PatchEndpoint)
    assert (command.sealed_authentication, command.sealed_ca_certificates) == (None, None)
    assert command.content_type is None


async def test_they_are_shown_without_secrets(world: World) -> None:
    endpoint = replace(
        ENDPOINT,
        payload_format="thin",
        authentication=ShownAuthentication("basic", username="u"),
        ca_certificates=(ClientCertificate("CN=CA", MADE_AT),),
    )
    world.dispatcher.answers[GetEndpoint] = replace(endpoint_saved(), endpoint=endpoint)
    shown = (await world.client.get(f"{PATH}/orders")).json()
    assert shown["authentication"] == {"type": "basic", "username": "u"}
    assert shown["caCertificates"][0]["subject"] == "CN=CA"
    assert shown["payloadFormat"] == "thin"
    assert {"contentType", "eventSource", "handshake"}.isdisjoint(shown)


@pytest.mark.parametrize(
    ("members", "location"),
    [
        ({"authentication": {"type": "digest"}}, ["authentication", "type"]),
        ({"authentication": {"type": "basic", "pasword": CANARY}}, ["authentication", "pasword"]),
        ({"payloadFormat": "xml"}, ["payloadFormat"]),
        ({"caCertificates": ""}, ["caCertificates"]),
    ],
)
async def test_wrong_shapes_are_refused_without_their_values(
    world: World, members: dict[str, Any], location: list[str]
) -> None:
    answer = await world.client.post(PATH, json={"url": "https://e.com", **members})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", *location]
    assert CANARY not in answer.text
