"""The members before and after a change, as the audit log has them."""

import json
from dataclasses import dataclass
from typing import Any

import pytest
from angarium_contracts.configuration import (
    ApplicationDeleted,
    CreateEndpoint,
    DeleteApplication,
    DeleteEventType,
    EndpointSaved,
    EventType,
    PatchApplication,
    PatchEndpoint,
    UpdateApplication,
)
from angarium_contracts.endpoint_options import (
    PatchEndpointHeaders,
    RotateEndpointSecret,
    SetEndpointHeaders,
)
from angarium_contracts.queries import Done, Problem, ProblemCode
from angarium_contracts.tenant_policy import SetTenantPolicy, TenantPolicy
from angarium_gateway.adapters.http.noted_changes import (
    REDACTED,
    VALUE_BYTES_MAX,
    note_change,
    take_noted_change,
)
from msgspec.json import encode
from msgspec.structs import replace

from .conftest import APPLICATION, ENDPOINT, ENDPOINT_STATE, MADE_AT, STATE, World
from .conftest import application_saved as saved

CANARY = "c4n4ry-" + "x" * 30
APP, HOOK = "/api/v1/app/acme", "/api/v1/app/acme/endpoint/orders"


@dataclass(frozen=True)
class Noted:
    before: Any
    after: Any


def noted(before: Any, after: Any) -> Noted:
    note_change(before, after)
    taken = take_noted_change()
    texts = (taken.before, taken.after)
    return Noted(*(None if text is None else json.loads(text) for text in texts))


def last_entry(world: World) -> Noted:
    entry = world.audit_log.entries[-1]
    texts = (entry.before, entry.after)
    return Noted(*(None if text is None else json.loads(text) for text in texts))


def test_only_members_that_changed_are_noted() -> None:
    before = {"name": "a", "uid": "u", "updatedAt": 1}
    after = {"name": "b", "uid": "u", "updatedAt": 2, "weight": 3}
    assert noted(before, after) == Noted({"name": "a", "weight": None}, {"name": "b", "weight": 3})
    assert noted(before, before) == Noted({}, {})


def test_a_new_object_has_no_before_and_a_deleted_one_no_after() -> None:
    assert noted(None, {"name": "a"}) == Noted(None, {"name": "a"})
    assert noted({"name": "a"}, None) == Noted({"name": "a"}, None)


def test_a_change_is_taken_once() -> None:
    note_change(None, {"name": "a"})
    assert take_noted_change().after is not None
    assert take_noted_change().after is None


@pytest.mark.parametrize(
    ("name", "value", "shown"),
    [
        ("headers", {"x-a": "s", "x-b": None}, {"x-a": REDACTED, "x-b": None}),
        ("metadata", {"note": "s"}, {"note": REDACTED}),
        ("metadata", {}, {}),
        ("signingSecret", "s", REDACTED),
        ("token", None, None),
        ("url", "https://u:p@h.example/x?k=s&l=#f", None),
        ("url", "https://h.example/x", "https://h.example/x"),
        ("proxyUrl", "http://u@h.example:1", f"http://{REDACTED}@h.example:1"),
        ("description", "d" * VALUE_BYTES_MAX, f"({VALUE_BYTES_MAX + 2} bytes)"),
        ("description", "d" * (VALUE_BYTES_MAX - 2), "d" * (VALUE_BYTES_MAX - 2)),
        ("maskedPayload", True, True),
    ],
)
def test_a_value_is_shown_redacted(name: str, value: Any, shown: Any) -> None:
    if name == "url" and shown is None:
        shown = f"https://{REDACTED}@h.example/x?k={REDACTED}&l={REDACTED}"
    assert noted(None, {name: value}).after == {name: shown}


async def test_an_update_is_recorded_before_and_after(world: World) -> None:
    before = replace(APPLICATION, name="Before", throttle_rate=5)
    answer = replace(saved(), before=before)
    world.dispatcher.answers |= {PatchApplication: answer, UpdateApplication: answer}
    for method in ("PATCH", "PUT"):
        await world.client.request(method, APP, json={"name": "Acme"})
        change = last_entry(world)
        assert change.before == {"name": "Before", "throttleRate": 5, "rateLimit": 5}
        assert change.after == {"name": "Acme", "throttleRate": None, "rateLimit": None}


async def test_a_deletion_is_recorded_with_what_was_deleted(world: World) -> None:
    world.dispatcher.answers[DeleteApplication] = ApplicationDeleted(STATE, APPLICATION)
    await world.client.delete(APP)
    change = last_entry(world)
    assert (change.before["name"], change.before["uid"], change.after) == ("Acme", "acme", None)
    assert change.before["metadata"] == {"plan": REDACTED}


async def test_a_dispatcher_of_an_earlier_version_answers_without_the_former_state(
    world: World,
) -> None:
    world.dispatcher.answers[DeleteApplication] = ApplicationDeleted(STATE)
    await world.client.delete(APP)
    assert last_entry(world) == Noted(None, None)


async def test_what_is_refused_has_no_change(world: World) -> None:
    world.dispatcher.answers[PatchApplication] = replace(saved(), before=APPLICATION)
    await world.client.patch(APP, json={"name": "Acme"})
    world.dispatcher.answers[PatchApplication] = Problem(ProblemCode.CONFLICT, "taken")
    await world.client.patch(APP, json={"uid": "b"})
    assert last_entry(world) == Noted(None, None)


@pytest.mark.parametrize("expunge", [False, True])
async def test_a_deleted_event_type_is_recorded(world: World, expunge: bool) -> None:
    event_type = EventType("a.b", "text", False, False, None, None, MADE_AT, MADE_AT)
    world.dispatcher.answers[DeleteEventType] = Done(before=encode(event_type))
    await world.client.delete("/api/v1/event-type/a.b", params={"expunge": str(expunge).lower()})
    change = last_entry(world)
    if expunge:
        assert (change.before["name"], change.after) == ("a.b", None)
    else:
        assert change == Noted({"archived": False}, {"archived": True})


async def test_a_policy_is_recorded_before_and_after(world: World) -> None:
    world.dispatcher.answers[SetTenantPolicy] = TenantPolicy((5.0,), before=TenantPolicy((7.0,)))
    await world.client.put("/api/v1/tenant/policy", json={"retrySchedule": [5]})
    assert last_entry(world) == Noted({"retrySchedule": [7.0]}, {"retrySchedule": [5.0]})


async def test_keys_are_recorded_without_their_tokens(world: World) -> None:
    created = await world.client.post("/api/v1/api-key", json={"name": "n", "scope": "read"})
    change = last_entry(world)
    assert (change.before, change.after["scope"]) == (None, "read")
    assert created.json()["token"] not in json.dumps(change.after)
    await world.client.delete(f"/api/v1/api-key/{created.json()['id']}")
    assert last_entry(world) == Noted({"revoked": False}, {"revoked": True})


async def test_no_secret_header_or_metadata_value_is_recorded(world: World) -> None:
    url = f"https://user:{CANARY}@example.com/hook?key={CANARY}"
    endpoint = replace(ENDPOINT, url=url, metadata={"note": CANARY})
    answer = EndpointSaved(endpoint, ENDPOINT_STATE, STATE, before=ENDPOINT)
    commands = (CreateEndpoint, PatchEndpoint, SetEndpointHeaders, PatchEndpointHeaders)
    world.dispatcher.answers |= dict.fromkeys((*commands, RotateEndpointSecret), answer)
    body = {"url": url, "headers": {"x-a": CANARY}, "metadata": {"note": CANARY}}
    requests: list[tuple[str, str, dict[str, Any]]] = [
        ("POST", "/api/v1/app/acme/endpoint", body),
        ("PATCH", HOOK, {"url": url, "metadata": {"note": CANARY}}),
        ("PUT", f"{HOOK}/headers", {"headers": {"x-a": CANARY}}),
        ("PATCH", f"{HOOK}/headers", {"headers": {"x-a": CANARY}, "deleteHeaders": ["x-b"]}),
        ("POST", f"{HOOK}/secret/rotate", {"key": "whsec_" + "c4n4" * 8}),
    ]
    for method, path, sent in requests:
        answered = await world.client.request(method, path, json=sent)
        assert answered.is_success, (path, answered.text)
    assert len(world.audit_log.entries) == len(requests)
    for entry in world.audit_log.entries:
        assert entry.after is not None
        assert "c4n4" not in repr(entry)
    assert last_entry(world) == Noted({"secret": REDACTED}, {"secret": REDACTED})
    patched = json.loads(world.audit_log.entries[-2].after or "")
    assert patched == {"headers": {"x-a": REDACTED, "x-b": None}}
