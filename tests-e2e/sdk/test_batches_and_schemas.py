"""Batches, prechecks and checked payloads on the whole platform."""

from collections.abc import Iterator
from typing import Any
from uuid import uuid4

import httpx
import pytest
from svix.api import (
    ApplicationOut,
    EndpointIn,
    EndpointPatch,
    EventTypeImportOpenApiIn,
    MessageIn,
    MessagePrecheckIn,
    Svix,
    SvixOptions,
)
from svix.exceptions import HTTPValidationError

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

SCHEMA = {"type": "object", "required": ["id"], "properties": {"id": {"type": "string"}}}


def spec(name: str, schema: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    return {"openapi": "3.1.0", "webhooks": {name: {"post": {"requestBody": body}}}}


@pytest.fixture
def sdk(platform: DevPlatform) -> Svix:
    """The SDK for operations that are not in the published document: no shape is compared."""
    return Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))


@pytest.fixture
def enforced(api: httpx.Client) -> Iterator[None]:
    """Schemas are enforced during the test."""
    policy = api.get("/tenant/policy").json()
    api.put("/tenant/policy", json=policy | {"validateSchemas": "enforce"}).raise_for_status()
    yield
    api.put("/tenant/policy", json=policy).raise_for_status()


def test_every_message_of_a_batch_is_delivered(
    svix: Svix, api: httpx.Client, application: ApplicationOut, receiver: WebhookReceiver
) -> None:
    path = f"/ok/batch-{uuid4().hex}"
    svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}{path}"))
    messages = [
        {"applicationId": application.uid, "eventType": "a", "payload": {"n": number}}
        for number in range(300)
    ]
    answer = api.post("/msg/batch", json={"messages": [*messages, {"applicationId": "?"}]})
    assert answer.status_code == 202, answer.text
    assert (answer.json()["created"], answer.json()["invalid"]) == (300, 1)
    ids = {each["id"] for each in answer.json()["data"] if each["id"]}
    receiver.wait_for_ids(ids, path=path)
    assert sorted(receiver.ids(path)) == sorted(ids)


def test_a_precheck_tells_whether_anybody_listens(
    svix: Svix, sdk: Svix, application: ApplicationOut
) -> None:
    def active(event_type: str) -> bool:
        found = sdk.message.precheck(application.id, MessagePrecheckIn(event_type=event_type))
        return found.active

    assert not active("a")
    endpoint = svix.endpoint.create(
        application.id, EndpointIn(url="https://example.com", event_types=["a"])
    )
    assert (active("a"), active("b")) == (True, False)
    svix.endpoint.patch(application.id, endpoint.id, EndpointPatch(disabled=True))
    assert not active("a")


@pytest.mark.usefixtures("enforced")
def test_an_imported_schema_is_enforced_from_the_next_message_on(
    sdk: Svix, application: ApplicationOut, platform: DevPlatform
) -> None:
    name = f"order.{uuid4().hex}"

    def load(schema: Any) -> list[str]:
        given = EventTypeImportOpenApiIn(spec=spec(name, schema))
        return sdk.event_type.import_openapi(given).data.modified

    # A caller is remembered for a second: a new key has the policy at once.
    assert load(SCHEMA) == [name]
    with httpx.Client(base_url=platform.url) as client:
        made = client.post(
            "/api/v1/api-key",
            json={"name": name, "scope": "publish"},
            headers={"authorization": f"Bearer {platform.key}"},
        )
    fresh = Svix(made.json()["token"], SvixOptions(server_url=platform.url, retry_schedule=[]))
    with pytest.raises(HTTPValidationError) as refused:
        fresh.message.create(application.id, MessageIn(event_type=name, payload={}))
    assert refused.value.to_dict()["detail"][0]["loc"] == ["body", "payload"]
    assert load({"type": "object"}) == [name]
    fresh.message.create(application.id, MessageIn(event_type=name, payload={}))
