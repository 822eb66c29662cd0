"""Examples out of JSON schemas."""

from typing import Any

import pytest
from angarium_gateway.domain.example_payload import example_payload, latest_schema
from hypothesis import given
from hypothesis import strategies as st

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["examples", "example", "properties", "default", "enum", "a"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)


@pytest.mark.parametrize(
    ("schema", "expected"),
    [
        ({"examples": [{"a": 1}, {"a": 2}], "example": {"a": 3}}, {"a": 1}),
        ({"example": {"a": 3}, "properties": {"a": {"default": 4}}}, {"a": 3}),
        ({"properties": {"a": {"examples": [1, 2]}, "b": {"default": None}}}, {"a": 1, "b": None}),
        ({"properties": {"a": {"enum": ["x", "y"]}, "b": {"const": 5}}}, {"a": "x", "b": 5}),
        ({"properties": {"a": {"properties": {"b": {"example": "c"}}}}}, {"a": {"b": "c"}}),
        ({"properties": {"a": {"type": "string"}, "b": {"example": 1}}}, {"b": 1}),
        ({"properties": {"a": {"type": "string"}}}, None),
        ({"examples": ["text"]}, None),
        ({"examples": []}, None),
        ({"type": "object"}, None),
        ({"properties": [1]}, None),
        ({}, None),
    ],
)
def test_a_schema_gives_its_example(schema: dict[str, Any], expected: object) -> None:
    assert example_payload(schema) == expected


def test_one_of_several_examples_is_chosen_by_its_index() -> None:
    schema = {"examples": [{"a": 1}, {"a": 2}]}
    assert example_payload(schema, 1) == {"a": 2}
    assert example_payload(schema, 2) is None


@pytest.mark.parametrize(
    ("versions", "latest"),
    [(["9", "10"], "10"), (["v2", "1"], "v2"), (["a", "b"], "b"), (["b", "3"], "3"), (["1"], "1")],
)
def test_the_newest_version_is_the_highest_number(versions: list[str], latest: str) -> None:
    assert latest_schema({name: {"title": name} for name in versions}) == {"title": latest}


def test_without_schemas_there_is_none() -> None:
    assert latest_schema({}) is None
    assert latest_schema({"1": True}) is None


@given(st.dictionaries(st.sampled_from(["examples", "example", "properties"]), JSON))
def test_no_schema_breaks_it(schema: dict[str, Any]) -> None:
    found = example_payload(schema)
    assert found is None or isinstance(found, dict)
