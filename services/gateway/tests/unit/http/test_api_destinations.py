"""Destinations over HTTP: the ordered and the polled endpoints of an application."""

from dataclasses import dataclass
from typing import Any

import msgspec
import pytest
from angarium_contracts.configuration import (
    CreateEndpoint,
    DeleteEndpoint,
    Endpoint,
    EndpointDeleted,
    Endpoints,
    EndpointSaved,
    EndpointSecret,
    GetEndpoint,
    GetEndpointSecret,
    ListEndpoints,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.endpoint_options import (
    EndpointHeaders,
    GetEndpointHeaders,
    RotateEndpointSecret,
    SetEndpointHeaders,
)
from angarium_contracts.queries import Page, Problem, ProblemCode
from msgspec import UNSET
from msgspec.structs import replace

from .conftest import ENDPOINT, ENDPOINT_ID, STATE, TENANT, World, endpoint_saved

PATH = "/api/v1/app/acme/destination"
URL = "https://example.com/hook"
PUSHED = replace(ENDPOINT, fifo=True, url=URL, description="kept", throttle_rate=5)
POLLED = replace(ENDPOINT, url="poll://messages", event_types=None)
UNORDERED = replace(ENDPOINT, fifo=False, url=URL)
ABSENT = Problem(ProblemCode.NOT_FOUND, "There is no such endpoint. Check its id or uid.")
IN_ORDER = {"type": "fifoEndpoint", "config": {"url": URL}}


@dataclass
class Known:
    """The endpoint that the dispatcher has under every name."""

    world: World

    def is_(self, endpoint: Endpoint | None) -> None:
        saved = ABSENT if endpoint is None else _saved(endpoint)
        headers = msgspec.json.encode({"X-Team": "a", "Authorization": "b"})
        sealed = self.world.seal.close(headers, ENDPOINT_ID)
        self.world.dispatcher.answers |= {
            GetEndpoint: saved,
            CreateEndpoint: _saved(endpoint or PUSHED, created=True),
            UpdateEndpoint: saved,
            PatchEndpoint: saved,
            SetEndpointHeaders: saved,
            RotateEndpointSecret: saved,
            GetEndpointHeaders: EndpointHeaders(ENDPOINT_ID, sealed),
            GetEndpointSecret: EndpointSecret(
                ENDPOINT_ID, self.world.seal.close(b"whsec_abc", ENDPOINT_ID)
            ),
            DeleteEndpoint: EndpointDeleted(application=STATE, before=endpoint),
        }

    def last(self, kind: type[Any]) -> Any:
        return [each for each in self.world.dispatcher.asked if isinstance(each, kind)][-1]


def _saved(endpoint: Endpoint, *, created: bool = False) -> EndpointSaved:
    return replace(endpoint_saved(created=created), endpoint=endpoint)


@pytest.fixture
def known(world: World) -> Known:
    known = Known(world)
    known.is_(PUSHED)
    return known


async def test_a_new_destination_is_an_ordered_endpoint_that_keeps_its_messages(
    world: World, known: Known
) -> None:
    body = {**IN_ORDER, "uid": "ledger", "status": "disabled", "eventTypes": [], "channels": ["c"]}
    answer = await world.client.post(PATH, json=body)
    assert answer.status_code == 201, answer.text
    command = known.last(CreateEndpoint)
    assert (command.url, command.uid, command.fifo) == (URL, "ledger", True)
    assert (command.disabled, command.keep_while_disabled) == (True, True)
    assert (command.event_types, command.channels) == (None, ("c",))
    members = answer.json()
    assert members.pop("id").startswith("ep_")
    assert members == {
        "uid": "orders",
        "status": "enabled",
        "currentIterator": "",
        "failureReason": None,
        "createdAt": "2030-01-02T03:04:05.678901Z",
        "updatedAt": "2030-01-02T03:04:05.678901Z",
        "batchSize": 1,
        "maxWaitSecs": 0,
        "eventTypes": ["invoice.paid"],
        "channels": None,
        "nextRetryAt": None,
        "metadata": {},
        "type": "fifoEndpoint",
        "config": {
            "url": URL,
            "headers": {"headers": {"X-Team": "a"}, "sensitive": ["Authorization"]},
        },
    }


async def test_a_polled_destination_has_no_configuration(world: World, known: Known) -> None:
    known.is_(POLLED)
    answer = await world.client.post(PATH, json={"type": "pollingEndpoint"})
    assert answer.status_code == 201
    assert known.last(CreateEndpoint).url == "poll://messages"
    assert (answer.json()["type"], answer.json()["config"]) == ("pollingEndpoint", {})


async def test_the_list_asks_for_destinations_with_their_headers(world: World) -> None:
    sealed = world.seal.close(b'{"X-Team":"a"}', ENDPOINT_ID)
    items = (replace(PUSHED, sealed_headers=sealed), POLLED)
    world.dispatcher.answers[ListEndpoints] = Endpoints(items=items, done=True)
    answer = await world.client.get(PATH)
    assert [one["type"] for one in answer.json()["data"]] == ["fifoEndpoint", "pollingEndpoint"]
    assert answer.json()["data"][0]["config"]["headers"]["headers"] == {"X-Team": "a"}
    page = Page(descending=True)
    question = ListEndpoints(TENANT, "acme", page, only_sinks=True, with_headers=True)
    assert world.dispatcher.asked == [question]


async def test_a_replacement_keeps_what_a_destination_cannot_name(
    world: World, known: Known
) -> None:
    body = {**IN_ORDER, "config": {"url": "https://example.com/new", "headers": {"X": "y"}}}
    answer = await world.client.put(f"{PATH}/orders", json=body)
    assert answer.status_code == 200, answer.text
    command = known.last(UpdateEndpoint)
    assert (command.url, command.description) == ("https://example.com/new", "kept")
    assert (command.throttle_rate, command.fifo) == (5, UNSET)
    sealed = known.last(SetEndpointHeaders).sealed_headers
    assert world.seal.open(sealed, TENANT) == b'{"X":"y"}'


async def test_a_replacement_may_repeat_the_secret_and_not_change_it(
    world: World, known: Known
) -> None:
    secret = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    world.dispatcher.answers[GetEndpointSecret] = EndpointSecret(
        ENDPOINT_ID, world.seal.close(f"whsec_{secret}".encode(), ENDPOINT_ID)
    )
    for key, status in ((secret, 200), (f"whsec_{secret}", 200), (f"{secret}AAAA", 422)):
        body = {**IN_ORDER, "config": {"url": URL, "key": key}}
        assert (await world.client.put(f"{PATH}/orders", json=body)).status_code == status


async def test_a_replacement_creates_what_is_not_there(world: World, known: Known) -> None:
    known.is_(None)
    answer = await world.client.put(f"{PATH}/ledger", json=IN_ORDER)
    assert answer.status_code == 201
    assert known.last(CreateEndpoint).uid == "ledger"
    unknown = await world.client.put(f"{PATH}/ep_0000000000000000000009", json=IN_ORDER)
    assert unknown.status_code == 404
    other = await world.client.put(f"{PATH}/ledger", json={**IN_ORDER, "uid": "other"})
    assert other.json()["detail"][0]["loc"] == ["body", "uid"]


async def test_a_patch_changes_what_it_names(world: World, known: Known) -> None:
    body = {"type": "fifoEndpoint", "status": "disabled", "eventTypes": []}
    assert (await world.client.patch(f"{PATH}/orders", json=body)).status_code == 200
    command = known.last(PatchEndpoint)
    assert (command.disabled, command.event_types, command.url) == (True, None, UNSET)
    assert (command.channels, command.metadata) == (UNSET, UNSET)


async def test_an_unordered_endpoint_is_no_destination(world: World, known: Known) -> None:
    known.is_(UNORDERED)
    patch = {"type": "fifoEndpoint"}
    for method, path, body, status in (
        ("GET", "/orders", None, 404),
        ("PATCH", "/orders", patch, 404),
        ("DELETE", "/orders", None, 404),
        ("POST", "/orders/secret/rotate", {}, 404),
        ("PUT", "/orders", IN_ORDER, 409),
    ):
        answer = await world.client.request(method, PATH + path, json=body)
        assert answer.status_code == status, (method, answer.text)
    changes = UpdateEndpoint | PatchEndpoint | DeleteEndpoint | RotateEndpointSecret
    assert not [each for each in world.dispatcher.asked if isinstance(each, changes)]


async def test_the_rotated_secret_is_returned(world: World, known: Known) -> None:
    answer = await world.client.post(f"{PATH}/orders/secret/rotate", json={})
    assert (answer.status_code, answer.json()) == (200, {"key": "whsec_abc"})
    known.is_(POLLED)
    polled = await world.client.post(f"{PATH}/orders/secret/rotate", json={})
    assert polled.status_code == 404


async def test_a_destination_is_deleted(world: World, known: Known) -> None:
    assert (await world.client.delete(f"{PATH}/orders")).status_code == 204
    assert known.last(DeleteEndpoint).ref == "orders"


@pytest.mark.parametrize(
    ("body", "location", "sentence"),
    [
        ({"type": "amazonS3", "config": {}}, ["type"], "`fifoEndpoint`, `pollingEndpoint`"),
        ({"type": "fifoEndpoint"}, ["config", "url"], "required"),
        ({**IN_ORDER, "batchSize": 100}, ["batchSize"], "`1`"),
        ({**IN_ORDER, "maxWaitSecs": 10}, ["maxWaitSecs"], "`0`"),
        (
            {"type": "pollingEndpoint", "config": {"url": URL}},
            ["config", "url"],
            "nothing is sent",
        ),
        (
            {"type": "fifoEndpoint", "config": {"url": "poll://messages"}},
            ["config", "url"],
            "`pollingEndpoint`",
        ),
    ],
)
async def test_what_angarium_does_not_have_is_refused_by_name(
    world: World, known: Known, body: dict[str, Any], location: list[str], sentence: str
) -> None:
    for method, path in (("POST", PATH), ("PUT", f"{PATH}/orders")):
        if method == "PUT" and body["type"] == "pollingEndpoint":
            known.is_(POLLED)
        answer = await world.client.request(method, path, json=body)
        assert answer.status_code == 422, answer.text
        (fault,) = answer.json()["detail"]
        assert fault["loc"] == ["body", *location]
        assert sentence in fault["msg"]


async def test_the_type_of_a_destination_cannot_be_changed(world: World, known: Known) -> None:
    for method, body in (
        ("PUT", {"type": "pollingEndpoint"}),
        ("PATCH", {"type": "pollingEndpoint"}),
    ):
        answer = await world.client.request(method, f"{PATH}/orders", json=body)
        assert answer.json()["detail"][0]["loc"] == ["body", "type"], answer.text
