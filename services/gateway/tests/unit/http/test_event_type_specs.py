"""Event types out of OpenAPI documents, and in OpenAPI and AsyncAPI documents."""

import json
from typing import Any

import pytest
import yaml
from angarium_contracts.configuration import (
    DeleteEventType,
    EventType,
    EventTypes,
    EventTypeSaved,
    ListEventTypes,
    UpdateEventType,
)
from angarium_contracts.queries import Done
from faststream.specification.asyncapi.v3_0_0.schema import ApplicationSchema
from jsonschema_rs import validator_for
from openapi_spec_validator import validate

from .conftest import MADE_AT, TENANT, World

MANY = "{" + ",".join(f"{number}: {{}}" for number in range(501)) + "}"
"""More webhooks than a document may have, in YAML."""
IMPORT = "/api/v1/event-type/import/openapi"
ORDER = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "lines": {"type": "array", "items": {"$ref": "#/components/schemas/Line"}},
    },
}
LINE = {
    "type": "object",
    "properties": {"n": {"type": "integer"}, "of": {"$ref": "#/components/schemas/Line"}},
}


def operation(schema: Any, **more: Any) -> dict[str, Any]:
    body = {"content": {"application/json": {"schema": schema}}}
    return {"post": {"requestBody": body, "responses": {"200": {"description": ""}}, **more}}


def document(version: str = "3.1.0", **more: Any) -> dict[str, Any]:
    return {
        "openapi": version,
        "info": {"title": "Shop", "version": "1"},
        "webhooks": {
            "order.created": operation(
                {"$ref": "#/components/schemas/Order"},
                description="An order came in",
                deprecated=True,
                **{"x-svix-group-name": "order", "x-svix-feature-flags": ["beta"]},
            )
        },
        "components": {"schemas": {"Order": ORDER, "Line": LINE}},
    } | more


class EventTypeRows:
    """The event types of the dispatcher, changed by its commands."""

    def __init__(self, world: World) -> None:
        self.rows: dict[str, EventType] = {}
        world.dispatcher.answers |= {
            ListEventTypes: self.page,
            UpdateEventType: self.save,
            DeleteEventType: self.archive,
        }

    def page(self, question: ListEventTypes) -> EventTypes:
        assert (question.tenant_id, question.with_content) == (TENANT, True)
        kept = [
            each for each in self.rows.values() if question.include_archived or not each.archived
        ]
        start = int(question.page.iterator or 0)
        items = tuple(kept[start : start + 2])
        done = start + 2 >= len(kept)
        return EventTypes(items, done, iterator=None if done else str(start + 2))

    def save(self, command: UpdateEventType) -> EventTypeSaved:
        saved = EventType(
            name=command.name,
            description=command.description,
            archived=command.archived,
            deprecated=command.deprecated,
            feature_flag=command.feature_flag,
            schemas=command.schemas,
            created_at=MADE_AT,
            updated_at=MADE_AT,
            feature_flags=command.feature_flags or None,
            group_name=command.group_name,
        )
        self.rows[command.name] = saved
        return EventTypeSaved(saved)

    def archive(self, command: DeleteEventType) -> Done:
        assert not command.expunge
        found = self.rows[command.name]
        self.rows[command.name] = EventType(
            found.name, found.description, True, False, None, found.schemas, MADE_AT, MADE_AT
        )
        return Done()

    def schema(self, name: str, version: str = "1") -> Any:
        return json.loads(self.rows[name].schemas or b"{}")[version]


@pytest.fixture
def rows(world: World) -> EventTypeRows:
    return EventTypeRows(world)


async def imported(world: World, **body: Any) -> list[str]:
    answer = await world.client.post(IMPORT, json=body)
    assert answer.status_code == 200, answer.text
    modified: list[str] = answer.json()["data"]["modified"]
    return modified


@pytest.mark.parametrize("section", ["webhooks", "x-webhooks"])
@pytest.mark.parametrize("version", ["3.0.3", "3.1.0"])
async def test_a_webhook_becomes_an_event_type_with_all_that_its_schema_refers_to(
    world: World, rows: EventTypeRows, section: str, version: str
) -> None:
    spec = document(version)
    spec = {section if name == "webhooks" else name: each for name, each in spec.items()}
    assert await imported(world, spec=spec) == ["order.created"]
    row = rows.rows["order.created"]
    assert (row.description, row.deprecated, row.group_name) == ("An order came in", True, "order")
    assert row.feature_flags == ("beta",)
    check = validator_for(rows.schema("order.created"), offline=True)
    assert check.is_valid({"id": "a", "lines": [{"n": 1, "of": {"n": 2}}]})
    assert not check.is_valid({"id": "a", "lines": [{"n": 1, "of": {"n": "x"}}]})
    assert "components" not in json.dumps(rows.schema("order.created"))


@pytest.mark.parametrize("text", [json.dumps(document()), yaml.safe_dump(document())])
async def test_the_document_may_be_a_text_in_json_or_yaml(
    world: World, rows: EventTypeRows, text: str
) -> None:
    assert await imported(world, specRaw=text) == ["order.created"]
    assert rows.schema("order.created")["required"] == ["id"]


async def test_nullable_is_null_in_json_schema(world: World, rows: EventTypeRows) -> None:
    schema = {
        "properties": {
            "text": {"type": "string", "nullable": True, "enum": ["a"]},
            "line": {"nullable": True, "allOf": [{"$ref": "#/components/schemas/Line"}]},
            "n": {"type": "integer", "minimum": 1, "exclusiveMinimum": True, "nullable": False},
        }
    }
    await imported(world, spec=document("3.0.0", webhooks={"a": operation(schema)}))
    check = validator_for(rows.schema("a"), offline=True)
    for payload, fits in (
        ({"text": None, "line": None, "n": 2}, True),
        ({"text": "b"}, False),
        ({"n": 1}, False),
        ({"n": None}, False),
        ({"line": {"n": "x"}}, False),
    ):
        assert check.is_valid(payload) is fits, payload


async def test_an_import_changes_only_what_differs_and_archives_the_rest_if_asked(
    world: World, rows: EventTypeRows
) -> None:
    for name in ("old", "older", "oldest"):
        rows.save(UpdateEventType(TENANT, name, "text"))
    assert await imported(world, spec=document()) == ["order.created"]
    assert await imported(world, spec=document()) == []
    assert await imported(world, spec=document(), replaceAll=True) == ["old", "older", "oldest"]
    assert {each.name for each in rows.rows.values() if not each.archived} == {"order.created"}
    assert await imported(world, spec=document(webhooks={"old": {}})) == ["old"]
    assert not rows.rows["old"].archived


async def test_earlier_versions_of_a_schema_stay(world: World, rows: EventTypeRows) -> None:
    schemas = b'{"9": {"title": "nine"}, "10": {"title": "ten"}}'
    rows.save(UpdateEventType(TENANT, "order.created", "", schemas=schemas))
    await imported(world, spec=document())
    assert rows.schema("order.created", "9") == {"title": "nine"}
    assert rows.schema("order.created", "10")["required"] == ["id"]


async def test_a_dry_run_tells_and_changes_nothing(world: World, rows: EventTypeRows) -> None:
    answer = await world.client.post(IMPORT, json={"spec": document(), "dryRun": True})
    data = answer.json()["data"]
    assert (data["modified"], [each["name"] for each in data["to_modify"]]) == (
        [],
        ["order.created"],
    )
    assert rows.rows == {}


@pytest.mark.parametrize(
    ("body", "place"),
    [
        ({}, ["spec"]),
        ({"spec": {}, "specRaw": "{}"}, ["spec"]),
        ({"spec": {"openapi": "2.0"}}, ["spec", "openapi"]),
        ({"spec": {"openapi": "3.1.0"}}, ["spec"]),
        ({"spec": document(webhooks={"a b": {}})}, ["spec", "webhooks", "a b"]),
        ({"spec": document(webhooks={"a": 1})}, ["spec", "webhooks", "a"]),
        ({"spec": document(webhooks={"a": {"$ref": "#/nowhere"}})}, ["spec", "webhooks", "a"]),
        ({"spec": document(webhooks={"a": {"$ref": "x.yaml"}})}, ["spec", "webhooks", "a"]),
        (
            {"spec": document(webhooks={"a": {"$ref": "#/webhooks/a"}})},
            ["spec", "webhooks", "a"],
        ),
        ({"specRaw": "a: [1"}, ["specRaw"]),
        ({"specRaw": "a: &x [1]\nb: *x"}, ["specRaw"]),
        ({"specRaw": "[" * 100 + "]" * 100}, ["specRaw"]),
        ({"specRaw": "- a"}, ["specRaw"]),
        ({"specRaw": "!!python/object/apply:os.getcwd []"}, ["specRaw"]),
        ({"specRaw": f"openapi: 3.1.0\nwebhooks: {MANY}"}, ["specRaw", "webhooks"]),
    ],
)
async def test_what_cannot_be_imported_is_refused_with_its_place(
    world: World, rows: EventTypeRows, body: dict[str, Any], place: list[str]
) -> None:
    answer = await world.client.post(IMPORT, json=body)
    assert (answer.status_code, answer.json()["detail"][0]["loc"]) == (422, ["body", *place])
    assert rows.rows == {}


async def test_the_openapi_document_is_valid_and_can_be_imported_again(
    world: World, rows: EventTypeRows
) -> None:
    await imported(world, spec=document())
    rows.save(UpdateEventType(TENANT, "bare", "No schema"))
    before = dict(rows.rows)
    exported = (await world.client.get("/api/v1/event-type/export/openapi")).json()
    validate(exported)
    assert set(exported["webhooks"]) == {"order.created", "bare"}
    rows.rows.clear()
    await imported(world, spec=exported)
    assert rows.rows["bare"] == before["bare"]
    check = validator_for(rows.schema("order.created"), offline=True)
    assert not check.is_valid({"id": "a", "lines": [{"of": {"n": "x"}}]})
    assert rows.rows["order.created"].group_name == "order"


async def test_the_asyncapi_document_has_a_channel_for_each_event_type(
    world: World, rows: EventTypeRows
) -> None:
    await imported(world, spec=document())
    exported = (await world.client.get("/api/v1/event-type/export/asyncapi")).json()
    assert exported["asyncapi"] == "3.0.0"
    ApplicationSchema.model_validate(exported)
    payload = exported["channels"]["order.created"]["messages"]["order.created"]["payload"]
    assert payload["schemaFormat"] == "application/schema+json;version=2020-12"
    pointer = payload["schema"]["properties"]["lines"]["items"]["$ref"]
    found: Any = exported
    for part in pointer.split("/")[1:]:
        found = found[part]
    assert found["type"] == "object"
    assert exported["operations"]["order.created"] == {
        "action": "send",
        "channel": {"$ref": "#/channels/order.created"},
    }
