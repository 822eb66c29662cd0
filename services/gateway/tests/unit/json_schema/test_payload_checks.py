"""Checks of payloads: each violation with its place, in bounded time, never with its value."""

import json
from typing import Any

import pytest
from angarium_gateway.adapters.json_schema.payload_checks import (
    PAYLOAD_BYTES_MAX,
    SCHEMA_VALUES_MAX,
    STEPS_MAX,
    VIOLATIONS_MAX,
    compile_schema,
    schema_values,
)

ORDER = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "lines": {"type": "array", "items": {"$ref": "#/definitions/line"}},
    },
    "definitions": {"line": {"type": "object", "properties": {"n": {"type": "integer"}}}},
}


def found(schema: Any, payload: Any) -> list[tuple[tuple[str, ...], str]]:
    check = compile_schema(json.dumps(schema).encode())
    return [(each.path, each.message) for each in check.violations(json.dumps(payload).encode())]


def test_a_payload_that_fits_has_no_violations() -> None:
    assert found(ORDER, {"id": "a", "lines": [{"n": 12345678901234567890123}]}) == []


def test_each_violation_names_its_place_and_not_its_value() -> None:
    assert found(ORDER, {"lines": [{"n": 1}, {"n": "hunter2"}]}) == [
        ((), '"id" is a required property.'),
        (("lines", "1", "n"), 'The value is not of type "integer".'),
    ]


def test_so_many_violations_are_reported_and_no_more() -> None:
    payload = {"id": "a", "lines": [1] * (VIOLATIONS_MAX + 5)}
    assert len(found(ORDER, payload)) == VIOLATIONS_MAX


@pytest.mark.parametrize(
    ("schema", "reason"),
    [
        ({"properties": {"a": {"$ref": "#"}}}, "refers to itself"),
        ({"$ref": "#/$defs/a", "$defs": {"a": {"not": {"$ref": "#/$defs/a"}}}}, "refers to itself"),
        ({"$dynamicRef": "#x"}, "refers to itself"),
        ({"$ref": "http://example.com/schema"}, "must begin with `#/`"),
        ({"$ref": "#/definitions/none"}, "not in it"),
        ({"properties": {"a": {"pattern": "^(?=a)"}}}, "look-around"),
        ({"enum": list(range(SCHEMA_VALUES_MAX))}, "too large"),
    ],
)
def test_a_schema_that_cannot_be_checked_in_bounded_time_fits_no_payload(
    schema: Any, reason: str
) -> None:
    ((path, message),) = found(schema, {})
    assert path == ()
    assert reason in message


def test_references_that_double_at_each_level_count_as_often_as_they_are_followed() -> None:
    levels = {
        f"l{level}": {"anyOf": [{"$ref": f"#/$defs/l{level + 1}"}] * 2} for level in range(40)
    }
    schema = {"$ref": "#/$defs/l0", "$defs": {**levels, "l40": {"type": "string"}}}
    ((_, message),) = found(schema, {})
    assert "too large" in message
    assert schema_values({"$ref": "#/$defs/l39", "$defs": {**levels, "l40": True}}) < 20


def test_patterns_take_linear_time() -> None:
    assert found({"properties": {"a": {"pattern": "^(a+)+$"}}}, {"a": "a" * 50_000 + "b"}) != []


def test_payloads_that_are_too_large_or_no_json_are_violations() -> None:
    ((_, message),) = found(ORDER, {"id": "x" * PAYLOAD_BYTES_MAX})
    assert str(PAYLOAD_BYTES_MAX) in message
    wide = {"items": {"allOf": [{"type": "integer"}] * 900}}
    ((_, message),) = found(wide, list(range(STEPS_MAX // 1_800)))
    assert "too many values" in message
    (violation,) = compile_schema(b"{}").violations(b"<order/>")
    assert "not JSON" in violation.message
