"""The URLs of sources: what is accepted as a message, and what is refused, and when."""

import asyncio
import hashlib
import hmac
from collections.abc import AsyncIterator, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Any

import msgspec
import pytest
from angarium_contracts.directory import ApplicationState
from angarium_contracts.ids import APPLICATION, MESSAGE, SOURCE, format_id
from angarium_gateway.adapters.http.ingest_route import ingest_path
from angarium_gateway.application.ingest.sources import StoredSource, config_text
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.ingest.verification import SourceConfig
from angarium_gateway.domain.quotas import TenantQuotas

from .conftest import MADE_AT, TENANT, World

SOURCE_ID = b"s" * 16
TOKEN, FORMER, ENDED = "ang_in_current", "ang_in_former", "ang_in_ended"
NOW_S = MADE_AT.timestamp()
BODY = b'{"zen": "Speak like a human."}'


def add_source(
    world: World, kind: str = "github", config: SourceConfig | None = None, **stored: Any
) -> str:
    """The path at which the source receives webhooks."""
    config = config or SourceConfig(secret="s")
    tokens = ((TOKEN, 0.0), (FORMER, NOW_S + 1), (ENDED, NOW_S - 1))
    state = ApplicationState(
        SOURCE_ID,
        TENANT,
        3,
        "gh",
        kind="source",
        source_type=kind,
        sealed_source_config=world.seal.close(config_text(config).encode(), SOURCE_ID),
        ingest_tokens=tuple([(token_hash(each).hex(), end) for each, end in tokens]),
    )
    no_quotas: dict[str, Any] = {"suspended": False, "quotas": TenantQuotas()}
    world.sources.known[SOURCE_ID] = StoredSource(state, **(no_quotas | stored))
    world.copy.states[SOURCE_ID] = state
    return ingest_path(SOURCE_ID, TOKEN)


def signed(body: bytes = BODY, headers: Mapping[str, str] | None = None) -> dict[str, str]:
    mac = hmac.new(b"s", body, hashlib.sha256).hexdigest()
    return {
        "x-hub-signature-256": f"sha256={mac}",
        "content-type": "application/json",
        "authorization": "",
        **(headers or {}),
    }


def committed(world: World) -> list[Any]:
    return [message for batch in world.commits.commits for message in batch.messages]


@pytest.fixture(autouse=True)
async def committing(world: World) -> AsyncIterator[None]:
    """Messages are committed while a test runs."""
    running = asyncio.ensure_future(world.gateway.hot_path.commits.run())
    yield
    running.cancel()
    with suppress(asyncio.CancelledError):
        await running


async def test_a_verified_webhook_is_a_message_of_the_source(world: World) -> None:
    path = add_source(world)
    headers = signed(headers={"x-github-event": "push", "x-github-delivery": "d-1"})
    answer = await world.client.post(path, content=BODY, headers=headers)
    assert answer.status_code == 202, answer.text
    (message,) = committed(world)
    assert answer.json() == {"id": format_id(MESSAGE, message.id), "eventType": "github.push"}
    assert (message.tenant_id, message.application_id) == (TENANT, SOURCE_ID)
    assert (message.event_type, message.event_id) == ("github.push", "github.d-1")
    assert (message.payload, message.content_type) == (BODY, None)


async def test_a_webhook_that_is_not_signed_by_the_sender_is_refused(world: World) -> None:
    path = add_source(world).replace("/in/", "//in//") + "//"
    for headers in ({}, signed(b"another body"), signed() | {"x-hub-signature-256": "sha256=0"}):
        answer = await world.client.post(path, content=BODY, headers=headers)
        assert (answer.status_code, answer.json()["code"]) == (401, "signature_invalid")
    assert committed(world) == []


@pytest.mark.parametrize(
    ("source_id", "token"),
    [(SOURCE_ID, "ang_in_other"), (SOURCE_ID, ENDED), (b"u" * 16, TOKEN)],
)
async def test_every_wrong_url_gets_the_answer_of_a_missing_key(
    world: World, source_id: bytes, token: str
) -> None:
    add_source(world)
    answer = await world.client.post(ingest_path(source_id, token), content=BODY, headers=signed())
    missing = await world.client.get("/api/v1/app", headers={"authorization": ""})
    assert (answer.status_code, answer.content) == (401, missing.content)


async def test_the_token_before_a_rotation_works_until_it_ends(world: World) -> None:
    add_source(world)
    path = ingest_path(SOURCE_ID, FORMER)
    assert (await world.client.post(path, content=BODY, headers=signed())).status_code == 202


async def test_a_deleted_source_and_one_sealed_with_another_key_are_refused(world: World) -> None:
    path = add_source(world)
    state = replace_config(world.sources.known[SOURCE_ID].state)
    world.sources.known[SOURCE_ID] = replace(world.sources.known[SOURCE_ID], state=state)
    assert (await world.client.post(path, content=BODY, headers=signed())).status_code == 401
    del world.sources.known[SOURCE_ID]
    assert (await world.client.post(path, content=BODY, headers=signed())).status_code == 401


def replace_config(state: ApplicationState) -> ApplicationState:
    return msgspec.structs.replace(state, sealed_source_config=b"\1 of another key")


async def test_a_suspended_tenant_receives_nothing(world: World) -> None:
    path = add_source(world, suspended=True)
    answer = await world.client.post(path, content=BODY, headers=signed())
    assert (answer.status_code, committed(world)) == (403, [])


async def test_webhooks_count_against_the_quotas_of_the_tenant(world: World) -> None:
    path = add_source(world, quotas=TenantQuotas(messages_per_minute=1))
    answers = [
        await world.client.post(
            path, content=BODY, headers=signed(headers={"x-github-delivery": d})
        )
        for d in ("1", "2")
    ]
    assert [answer.status_code for answer in answers] == [202, 429]


@pytest.mark.parametrize(
    ("body", "content_type", "stored"),
    [
        (b'{"a": 1}', "application/json; charset=utf-8", None),
        (b"[1]", "application/json", "application/json"),
        (b"a=b&c=d", "application/x-www-form-urlencoded", "application/x-www-form-urlencoded"),
        (b"<a/>", "text/xml", "text/xml"),
        (b"text", None, "application/octet-stream"),
    ],
)
async def test_any_text_is_passed_on_as_it_came(
    world: World, body: bytes, content_type: str | None, stored: str | None
) -> None:
    path = add_source(world, "generic-webhook", SourceConfig())
    headers = {} if content_type is None else {"content-type": content_type}
    answer = await world.client.post(path, content=body, headers=headers)
    assert answer.status_code == 202, answer.text
    (message,) = committed(world)
    assert (message.payload, message.content_type) == (body, stored)
    assert message.event_type == "generic-webhook"


@pytest.mark.parametrize(
    ("body", "headers", "status"),
    [
        (b"", {}, 422),
        (b"\xff", {}, 422),
        (b"a", {"content-type": "no type"}, 422),
        (b"a" * 1025, {}, 413),
        (b"a", {"content-encoding": "gzip"}, 415),
    ],
)
async def test_what_cannot_be_stored_is_refused(
    world: World, body: bytes, headers: dict[str, str], status: int
) -> None:
    path = add_source(world, "generic-webhook", SourceConfig())
    answer = await world.client.post(path, content=body, headers=headers)
    assert (answer.status_code, committed(world)) == (status, [])


async def test_the_challenge_of_slack_is_answered_if_it_is_signed(world: World) -> None:
    path = add_source(world, "slack")
    body = b'{"type":"url_verification","challenge":"3eZbrw1aB"}'
    at = str(int(NOW_S))
    mac = hmac.new(b"s", f"v0:{at}:".encode() + body, hashlib.sha256).hexdigest()
    headers = {"x-slack-signature": f"v0={mac}", "x-slack-request-timestamp": at}
    answer = await world.client.post(path, content=body, headers=headers)
    assert (answer.status_code, answer.json()) == (200, {"challenge": "3eZbrw1aB"})
    unsigned = await world.client.post(path, content=body)
    assert (unsigned.status_code, committed(world)) == (401, [])


async def test_the_subscription_of_meta_is_confirmed(world: World) -> None:
    path = add_source(world, "meta", SourceConfig(secret="s", verify_token="v"))
    query = {"hub.mode": "subscribe", "hub.verify_token": "v", "hub.challenge": "1158201444"}
    answer = await world.client.get(path, params=query)
    assert (answer.status_code, answer.text) == (200, "1158201444")
    assert answer.headers["content-type"].startswith("text/plain")
    wrong = await world.client.get(path, params=query | {"hub.verify_token": "w"})
    assert wrong.status_code == 403
    received = await world.client.post(path, content=BODY, headers=signed())
    assert received.status_code == 200


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE"])
async def test_other_methods_are_not_allowed(world: World, method: str) -> None:
    answer = await world.client.request(method, add_source(world))
    assert (answer.status_code, answer.headers["allow"]) == (405, "POST")


async def test_the_id_of_a_source_stands_for_its_application(world: World) -> None:
    add_source(world)
    for ref in (format_id(SOURCE, SOURCE_ID), format_id(APPLICATION, SOURCE_ID)):
        answer = await world.client.get(f"/api/v1/app/{ref}/msg")
        assert answer.status_code == 200, answer.text
        assert world.journal.asked[-1][0] == SOURCE_ID
