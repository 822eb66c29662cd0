"""The table of resources is compared with the API's document: a drift fails here."""

import json
from pathlib import Path
from typing import Any

import pytest
import typer.main
from angarium_cli.main import app
from angarium_cli.redelivery.redeliver import PREVIEWED_FILTERS, Redelivery
from angarium_cli.resources.operation import Operation, Resource
from angarium_cli.resources.table import RESOURCES

DOCUMENT: dict[str, Any] = json.loads(
    (Path(__file__).parents[3] / "console/web/api/openapi.json").read_text()
)
OPERATIONS = [
    pytest.param(operation, id=f"{resource.name} {operation.verb}")
    for resource in RESOURCES
    for operation in resource.operations
]


def documented(path: str, method: str) -> dict[str, Any]:
    found: dict[str, Any] = DOCUMENT["paths"][path][method.lower()]
    return found


def resolved(schema: dict[str, Any]) -> dict[str, Any]:
    reference = schema.get("$ref")
    if reference is None:
        return schema
    found: dict[str, Any] = DOCUMENT["components"]["schemas"][reference.rpartition("/")[2]]
    return found


def body_members(operation: dict[str, Any]) -> dict[str, Any]:
    content = operation.get("requestBody", {}).get("content", {})
    schema = content.get("application/json", {}).get("schema", {})
    members: dict[str, Any] = resolved(schema).get("properties", {})
    return members


def enumerated(schema: dict[str, Any]) -> list[Any]:
    """The values that a member or parameter may have; empty if any."""
    schema = resolved(schema)
    if "enum" in schema:
        return list(schema["enum"])
    options = schema.get("anyOf") or schema.get("oneOf") or []
    return [value for each in options for value in enumerated(each)]


@pytest.mark.parametrize("operation", OPERATIONS)
def test_options_and_arguments_are_in_the_document(operation: Operation) -> None:
    found = documented(operation.path, operation.method)
    queries = {
        each["name"]: each["schema"] for each in found["parameters"] if each["in"] == "query"
    }
    members = body_members(found) if operation.has_body else queries
    names = {each.name for each in operation.arguments} - operation.path_names
    names |= {field.name for field in operation.fields} | set(operation.fixed)

    assert names <= members.keys()
    assert operation.path_names - {each.name for each in operation.arguments} <= {"app_id"}
    for field in operation.fields:
        known = enumerated(members[field.name])
        assert sorted(field.choices.values()) == sorted(known), field.option
    if operation.paged:
        assert {"limit", "iterator"} <= queries.keys()


@pytest.mark.parametrize("operation", OPERATIONS)
def test_a_search_of_all_applications_takes_the_same_options(operation: Operation) -> None:
    if operation.path_of_all is None:
        return
    one, every = (
        {each["name"] for each in documented(path, "GET")["parameters"]}
        for path in (operation.path, operation.path_of_all)
    )
    assert one - {"app_id"} == every


@pytest.mark.parametrize("operation", OPERATIONS)
def test_columns_are_members_of_the_answer(operation: Operation) -> None:
    answers = documented(operation.path, operation.method)["responses"]
    for _, path in operation.columns:
        schema = resolved(answers["200"]["content"]["application/json"]["schema"])
        schema = resolved(schema["properties"]["data"]["items"])
        for name in path.split("."):
            assert name in schema["properties"], path
            schema = resolved(schema["properties"][name])


@pytest.mark.parametrize("kind", ["recover", "replay-missing", "bulk-replay"])
def test_redeliveries_take_what_the_commands_send(kind: str) -> None:
    endpoint = "/api/v1/app/{app_id}/endpoint/{endpoint_id}"
    request = Redelivery(kind, "1h", "30m", {})
    members = body_members(documented(f"{endpoint}/{kind}", "POST"))
    previewed = documented(f"{endpoint}/redelivery-preview", "GET")["parameters"]
    queries = {each["name"]: each["schema"] for each in previewed if each["in"] == "query"}

    assert request.times().keys() <= members.keys()
    assert kind in queries["task"]["enum"]
    assert {"since", "until", *PREVIEWED_FILTERS.values()} <= queries.keys()
    if kind == "bulk-replay":
        assert PREVIEWED_FILTERS.keys() <= members.keys()


@pytest.mark.parametrize("path", ["/api/v1/events", "/api/v1/app/{app_id}/events"])
def test_the_stream_of_events_takes_the_filters_of_tail(path: str) -> None:
    names = {each["name"] for each in documented(path, "GET")["parameters"]}

    assert {"types", "event_types", "endpoint_id", "since"} <= names


@pytest.mark.parametrize("resource", RESOURCES, ids=lambda each: each.name)
def test_every_option_has_a_help_text_and_every_command_an_example(resource: Resource) -> None:
    group = typer.main.get_command(app).commands[resource.name]  # type: ignore[attr-defined]
    for name, command in group.commands.items():
        assert command.help, name
        assert command.epilog.startswith(f"Example: angarium {resource.name} {name}"), name
        assert [each.name for each in command.params if not getattr(each, "help", None)] == [], name
