"""The OpenAPI document and the docs page."""

import re
from html.parser import HTMLParser
from typing import Any

import pytest

from .conftest import World

OPERATIONS = {
    "v1.application.list", "v1.application.create", "v1.application.get", "v1.application.update",
    "patch_application", "v1.application.delete",
    "v1.endpoint.list", "v1.endpoint.create", "v1.endpoint.get", "v1.endpoint.update",
    "patch_endpoint", "v1.endpoint.delete", "v1.endpoint.get-secret", "v1.endpoint.rotate-secret",
    "v1.endpoint.get-headers", "v1.endpoint.update-headers", "v1.endpoint.patch-headers",
    "v1.event-type.list", "v1.event-type.create", "v1.event-type.get", "v1.event-type.update",
    "patch_event_type", "v1.event-type.delete",
    "v1.message.list", "v1.message.create", "v1.message.get",
    "v1.message-attempt.list-by-msg", "v1.message-attempt.list-by-endpoint",
    "v1.message-attempt.list-attempted-destinations",
    "v1.message-attempt.list-attempted-messages",
    "v1.message-attempt.resend", "v1.endpoint.recover", "v1.endpoint.replay-missing",
    "v1.endpoint.bulk-replay", "v1.endpoint.send-example", "v1.endpoint.get-stats",
    "v1.endpoint.get-delivery-state", "v1.background-task.list", "v1.background-task.get",
    "v1.tenant.get-policy", "v1.tenant.update-policy", "v1.audit-log.list",
    "v1.message.cancel", "v1.message-attempt.cancel", "v1.endpoint.cancel-pending",
    "v1.operational-webhook.endpoint.list", "v1.operational-webhook.endpoint.create",
    "v1.operational-webhook.endpoint.get", "v1.operational-webhook.endpoint.update",
    "v1.operational-webhook.endpoint.delete", "v1.operational-webhook.endpoint.get-headers",
    "v1.operational-webhook.endpoint.update-headers",
    "v1.operational-webhook.endpoint.get-secret", "v1.operational-webhook.endpoint.rotate-secret",
    "v1.message-attempt.get", "v1.health.get", "v1.health.head",
}  # fmt: skip


type Document = dict[str, Any]


@pytest.fixture
async def document(world: World) -> Document:
    world.client.headers.pop("authorization")
    answer = await world.client.get("/api/v1/openapi.json")
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    found: Document = answer.json()
    return found


def references(value: object) -> set[str]:
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*map(references, value.values()))
    return set().union(*map(references, value)) if isinstance(value, list) else set()


async def test_the_document_has_every_operation_under_the_name_that_svix_gives_it(
    document: Document,
) -> None:
    assert document["openapi"].startswith("3.1")
    operations = [operation for item in document["paths"].values() for operation in item.values()]
    assert {operation["operationId"] for operation in operations} == OPERATIONS
    assert document["components"]["securitySchemes"]["HTTPBearer"]["scheme"] == "bearer"
    assert document["security"] == [{"HTTPBearer": []}]


async def test_every_reference_of_the_document_leads_somewhere(document: Document) -> None:
    schemas = {f"#/components/schemas/{name}" for name in document["components"]["schemas"]}
    assert references(document) <= schemas
    assert "#/components/schemas/ListResponse_ApplicationOut_" in schemas


async def test_the_document_tells_how_messages_are_posted(document: Document) -> None:
    create = document["paths"]["/api/v1/app/{app_id}/msg"]["post"]
    body = create["requestBody"]["content"]["application/json"]["schema"]
    assert body == {"$ref": "#/components/schemas/MessageIn"}
    answer = create["responses"]["202"]["content"]["application/json"]["schema"]
    assert answer == {"$ref": "#/components/schemas/MessageOut"}
    names = [parameter["name"] for parameter in create["parameters"]]
    assert names == ["app_id", "with_content", "idempotency-key"]
    message = document["components"]["schemas"]["MessageIn"]
    assert set(message["required"]) == {"eventType", "payload"}
    assert message["properties"]["eventType"]["pattern"] == r"^[a-zA-Z0-9\-_.]+$"


async def test_a_refusal_is_documented_for_every_operation_but_health(document: Document) -> None:
    for path, item in document["paths"].items():
        for operation in item.values():
            if path == "/api/v1/health":
                assert operation["security"] == []
                continue
            assert {"401", "404", "409", "422", "503"} <= set(operation["responses"])
            assert "400" not in operation["responses"]


class Links(HTMLParser):
    def __init__(self) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.targets: list[str] = []
        self.ids: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        for name, value in attrs:
            if name in {"href", "src", "action", "srcset", "data"}:
                self.targets.append(value or "")
            if name == "id":
                self.ids.add(value or "")


async def test_the_docs_page_needs_nothing_from_elsewhere(world: World) -> None:
    world.client.headers.pop("authorization")
    answer = await world.client.get("/docs/")
    assert answer.status_code == 200
    assert answer.headers["content-type"].startswith("text/html")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    links = Links()
    links.feed(answer.text)
    assert not links.tags & {"script", "link", "img", "iframe", "object"}
    assert set(re.findall(r"url\(|@import", answer.text)) == set()
    outside = [target for target in links.targets if not target.startswith(("#", "/api/"))]
    assert outside == []
    inside = {target.removeprefix("#") for target in links.targets if target.startswith("#")}
    assert inside <= links.ids
    assert links.ids >= OPERATIONS
