"""The form of the JSON schemas of event types."""

import json
from typing import Any

import pytest
from angarium_dispatcher.domain.event_type import check_schemas
from angarium_dispatcher.domain.json_schemas import SCHEMA_DEPTH_MAX, check_json_schema
from angarium_dispatcher.domain.refusals import InvalidField
from hypothesis import given
from hypothesis import strategies as st

DRAFT_7 = "http://json-schema.org/draft-07/schema#"
DRAFT_2020 = "https://json-schema.org/draft/2020-12/schema"
KEYWORDS = (
    "type", "items", "properties", "patternProperties", "required", "enum", "const", "not",
    "allOf", "anyOf", "$ref", "$id", "$defs", "definitions", "dependencies", "minLength",
    "multipleOf", "pattern", "format", "readOnly", "additionalProperties", "prefixItems",
)  # fmt: skip


def refused(schema: dict[str, Any]) -> tuple[tuple[str, ...], str]:
    with pytest.raises(InvalidField) as refusal:
        check_json_schema(schema, "schemas", ("1",))
    assert refusal.value.field == "schemas"
    return refusal.value.path, str(refusal.value)


@pytest.mark.parametrize(
    "schema",
    [
        {},
        {"type": "object", "properties": {"id": {"type": ["string", "null"]}}, "required": ["id"]},
        {"items": [{"type": "string"}], "dependencies": {"a": ["b"]}},
        {"$schema": DRAFT_2020, "prefixItems": [{"type": "string"}], "$defs": {"a": {}}},
        {"$schema": "http://json-schema.org/draft-04/schema#", "minimum": 1, "id": "a"},
        {"pattern": r"^(?<first>\p{L}+)(?=-)\k<first>$"},
        {"x-internal": True, "example": {"id": 1}},
    ],
)
def test_a_schema_of_a_known_draft_is_taken(schema: dict[str, Any]) -> None:
    check_json_schema(schema, "schemas", ("1",))


@pytest.mark.parametrize(
    ("schema", "path", "sentence"),
    [
        ({"readOnly": 15}, ("readOnly",), "`readOnly` must be true or false."),
        ({"properties": {"x": {"type": "strng"}}}, ("properties", "x", "type"),
         '`type` must be "array", "boolean", "integer"'),
        ({"properties": {"a.b": 3}}, ("properties", "a.b"),
         "`a.b` must be true or false or an object."),
        ({"properties": {"01": {"type": 3}}}, ("properties", "01", "type"), "`type` must be"),
        ({"properties": {"": {"not": {"type": 3}}}}, ("properties", "", "not", "type"),
         "`type` must be"),
        ({"type": ["string", "strng"]}, ("type", "1"), "`type` must be"),
        ({"items": {"minLength": -1}}, ("items", "minLength"), "`minLength` must be at least 0."),
        ({"items": [{"minLength": "1"}]}, ("items", "0", "minLength"),
         "`minLength` must be a whole number."),
        ({"required": ["a", 1]}, ("required", "1"), "Each value of `required` must be a string."),
        ({"required": ["a", "a"]}, ("required",), "`required` must not have a value twice."),
        ({"multipleOf": 0}, ("multipleOf",), "`multipleOf` must be greater than 0."),
        ({"allOf": []}, ("allOf",), "`allOf` must not be empty."),
        ({"pattern": "["}, ("pattern",), "`pattern` must be a regular expression"),
        ({"patternProperties": {"[": {}}}, ("patternProperties",),
         "`patternProperties` has a name that is not a regular expression"),
        ({"$schema": DRAFT_2020, "$anchor": "a b"}, ("$anchor",), "`$anchor` does not have"),
        ({"$schema": "http://json-schema.org/draft-04/schema#", "exclusiveMinimum": True}, (),
         "The schema requires `minimum`."),
    ],
)  # fmt: skip
def test_the_fault_of_a_schema_is_named_where_it_is(
    schema: dict[str, Any], path: tuple[str, ...], sentence: str
) -> None:
    found, message = refused(schema)
    assert found == ("1", *path)
    assert message.startswith(sentence)


def test_the_draft_is_the_one_that_the_schema_names_and_draft_7_by_default() -> None:
    of_draft_7: dict[str, Any] = {"items": [{}]}
    check_json_schema(of_draft_7, "schemas", ("1",))
    check_json_schema(of_draft_7 | {"$schema": DRAFT_7}, "schemas", ("1",))
    path, message = refused(of_draft_7 | {"$schema": DRAFT_2020})
    assert (path, message.endswith("JSON Schema draft 2020-12.")) == (("1", "items"), True)


@pytest.mark.parametrize("uri", ["https://example.com/schema", "draft-07", 7, None])
def test_a_schema_of_another_language_is_refused_with_the_drafts_that_there_are(uri: Any) -> None:
    path, message = refused({"$schema": uri})
    assert path == ("1", "$schema")
    assert DRAFT_7 in message


@pytest.mark.parametrize("draft", [DRAFT_7, DRAFT_2020])
def test_a_reference_to_another_document_is_not_followed(draft: str) -> None:
    for target in ("http://127.0.0.1:1/a", "file:///etc/passwd", "other.json", "#/definitions/x"):
        check_json_schema({"$schema": draft, "allOf": [{"$ref": target}]}, "schemas", ("1",))


def nested(levels: int, keyword: str) -> dict[str, Any]:
    schema: dict[str, Any] = {"type": "strng"}
    for _ in range(levels - 1):
        schema = {keyword: schema}
    return schema


@pytest.mark.parametrize("keyword", ["not", "items", "additionalProperties"])
@pytest.mark.parametrize("draft", [DRAFT_7, DRAFT_2020])
def test_the_depth_of_a_schema_is_bounded(draft: str, keyword: str) -> None:
    path, _ = refused(nested(SCHEMA_DEPTH_MAX, keyword) | {"$schema": draft})
    assert len(path) == 1 + SCHEMA_DEPTH_MAX
    path, message = refused(nested(SCHEMA_DEPTH_MAX + 1, keyword) | {"$schema": draft})
    assert path == ("1",)
    assert "100 levels" in message
    refused(nested(900, keyword))


def test_a_pattern_that_would_be_dear_to_compile_is_only_parsed() -> None:
    dear = r"(\w{900}){900}"
    check_json_schema(
        {"allOf": [{"pattern": f"{dear}{number}"} for number in range(5_000)]}, "schemas", ("1",)
    )


def test_each_version_is_checked() -> None:
    with pytest.raises(InvalidField) as refusal:
        check_schemas(json.dumps({"1": {}, "2": {"readOnly": 15}}).encode())
    assert (refusal.value.field, refusal.value.path) == ("schemas", ("2", "readOnly"))


schemas = st.dictionaries(
    st.sampled_from(KEYWORDS),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
        lambda inner: (
            st.lists(inner, max_size=4)
            | st.dictionaries(st.sampled_from(KEYWORDS) | st.text(), inner, max_size=4)
        ),
        max_leaves=20,
    ),
)


@given(schemas, st.sampled_from([DRAFT_7, DRAFT_2020]))
def test_every_object_is_a_schema_or_refused(schema: dict[str, Any], draft: str) -> None:
    try:
        check_json_schema(schema | {"$schema": draft}, "schemas", ("1",))
    except InvalidField as refusal:
        value: Any = {"1": schema | {"$schema": draft}}
        for part in refusal.path:
            value = value[int(part)] if isinstance(value, list) else value[part]
