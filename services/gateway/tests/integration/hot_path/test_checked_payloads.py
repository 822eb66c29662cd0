"""Payloads checked against the schemas of their event types, as the tenant's policy says."""

import json
from collections.abc import AsyncIterator
from typing import Any

import httpx
import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.configuration import EventTypeSchema, GetEventTypeSchema
from angarium_contracts.contract import Contract
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.adapters.database.schema_checks import TenantSchemaCheckColumn
from angarium_gateway.adapters.database.schema_violations import SchemaViolationTable
from angarium_gateway.domain.schema_checks import SchemaCheck

from .conftest import Door, open_door

SCHEMA = {"required": ["id"], "properties": {"id": {"type": "string"}, "n": {"type": "integer"}}}
BAD = {"eventType": "typed", "payload": {"n": "hunter2"}}
GOOD = {"eventType": "typed", "payload": {"id": "a"}}
FREE = {"eventType": "free", "payload": {"n": "x"}}


class Dispatcher:
    """Knows one schema."""

    def __init__(self) -> None:
        self.asked = 0
        self.down = False

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        assert isinstance(question, GetEventTypeSchema)
        self.asked += 1
        if self.down:
            return Problem(code=ProblemCode.UNAVAILABLE, detail="down")
        schema = json.dumps(SCHEMA).encode() if question.name == "typed" else None
        found = EventTypeSchema(schema=schema, schema_version="1")
        assert isinstance(found, answer)
        return found


@pytest.fixture
def dispatcher() -> Dispatcher:
    return Dispatcher()


@pytest.fixture
async def door(sqlite_database: Database, dispatcher: Dispatcher) -> AsyncIterator[Door]:
    async with open_door(sqlite_database, dispatcher) as opened:
        yield opened


async def post(door: Door, check: SchemaCheck | None, *messages: Any) -> list[httpx.Response]:
    """Set the check before the first request: a caller is remembered for a second."""
    await TenantSchemaCheckColumn(door.database).set(door.application.tenant_id, check)
    async with door.client() as client:
        return [await client.post(door.path, json=each) for each in messages]


async def test_nothing_is_checked_unless_the_tenant_wants_it(
    door: Door, dispatcher: Dispatcher
) -> None:
    (answer,) = await post(door, None, BAD)
    assert (answer.status_code, dispatcher.asked) == (202, 0)


async def test_a_message_that_violates_its_schema_is_refused_with_each_place(
    door: Door, dispatcher: Dispatcher
) -> None:
    bad, good, free, again = await post(door, SchemaCheck.ENFORCE, BAD, GOOD, FREE, BAD)
    assert (bad.status_code, bad.json()["code"]) == (422, "validation_error")
    assert bad.json()["detail"] == [
        {"loc": ["body", "payload"], "msg": '"id" is a required property.', "type": "schema"},
        {
            "loc": ["body", "payload", "n"],
            "msg": 'The value is not of type "integer".',
            "type": "schema",
        },
    ]
    assert [good.status_code, free.status_code, again.status_code] == [202, 202, 422]
    assert dispatcher.asked == 2, "once for each event type"
    assert (await door.counts())[0] == 2


async def test_a_warned_message_is_accepted_and_says_how_often_it_violates(door: Door) -> None:
    bad, good = await post(door, SchemaCheck.WARN, BAD, GOOD)
    assert (bad.status_code, bad.headers["angarium-schema-violations"]) == (202, "2")
    assert good.status_code == 202
    assert "angarium-schema-violations" not in good.headers


@pytest.mark.parametrize(
    ("check", "counted"), [(SchemaCheck.WARN, (3, 0)), (SchemaCheck.ENFORCE, (0, 3))]
)
async def test_messages_that_violate_their_schema_are_counted_by_event_type(
    door: Door, check: SchemaCheck, counted: tuple[int, int]
) -> None:
    await post(door, check, BAD, GOOD, FREE, BAD)
    async with door.client() as client:
        await client.post(f"{door.path}/batch", json={"messages": [GOOD, BAD]})
    await door.gateway.violations.write()
    table = SchemaViolationTable(door.database)
    found = await table.of_event_types(door.application.tenant_id, ["typed", "free"])
    assert {name: (each.accepted, each.refused) for name, each in found.items()} == {
        "typed": counted
    }


async def test_raw_payloads_are_checked_too(door: Door) -> None:
    params = {"rawPayload": '{"n": 1}'}
    raw = {"eventType": "typed", "payload": {}, "transformationsParams": params}
    xml = raw | {
        "transformationsParams": {
            "rawPayload": "<order/>",
            "headers": {"content-type": "application/xml"},
        }
    }
    answers = await post(door, SchemaCheck.ENFORCE, raw, xml)
    assert [each.json()["detail"][0]["loc"] for each in answers] == [
        ["body", "payload"],
        ["body", "transformationsParams", "rawPayload"],
    ]


async def test_a_schema_that_is_not_known_refuses_where_it_is_enforced_only(
    door: Door, dispatcher: Dispatcher
) -> None:
    dispatcher.down = True
    (refused,) = await post(door, SchemaCheck.ENFORCE, GOOD)
    assert (refused.status_code, refused.headers["retry-after"]) == (503, "1")


async def test_the_messages_of_a_batch_are_checked_each_by_itself(door: Door) -> None:
    check = TenantSchemaCheckColumn(door.database)
    await check.set(door.application.tenant_id, SchemaCheck.ENFORCE)
    async with door.client() as client:
        answer = await client.post(f"{door.path}/batch", json={"messages": [GOOD, BAD, FREE]})
    assert [each["status"] for each in answer.json()["data"]] == ["created", "invalid", "created"]
    detail = answer.json()["data"][1]["error"]["detail"]
    assert [each["loc"][4:] for each in detail] == [[], ["n"]]


async def test_a_warned_message_of_a_batch_says_how_often_it_violates(door: Door) -> None:
    check = TenantSchemaCheckColumn(door.database)
    await check.set(door.application.tenant_id, SchemaCheck.WARN)
    async with door.client() as client:
        answer = await client.post(f"{door.path}/batch", json={"messages": [BAD, GOOD]})
    first, second = answer.json()["data"]
    assert (first["status"], first["schemaViolations"]) == ("created", 2)
    assert "schemaViolations" not in second
