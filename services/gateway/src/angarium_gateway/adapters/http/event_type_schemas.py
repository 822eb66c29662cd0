"""JSON schemas of event types as parts of other documents: their references are moved."""

import re
from collections.abc import Callable
from typing import Any, Final

DRAFT_2020_12: Final = "https://json-schema.org/draft/2020-12/schema"
OPENAPI_3_0_DRAFT: Final = "http://json-schema.org/draft-04/schema#"
"""The draft whose keywords OpenAPI 3.0 has: `exclusiveMinimum` is a boolean there."""
DRAFT_07: Final = "http://json-schema.org/draft-07/schema#"
_LITERALS: Final = frozenset({"enum", "const", "default", "example", "examples"})
_DIGITS: Final = re.compile(r"([0-9]+)")


def with_references(schema: Any, moved: Callable[[str], str]) -> Any:
    """A schema with its references moved. Members that hold values stay as they are."""
    if isinstance(schema, list):
        return [with_references(each, moved) for each in schema]
    if not isinstance(schema, dict):
        return schema
    return {
        name: moved(each)
        if name == "$ref" and isinstance(each, str)
        else each
        if name in _LITERALS
        else with_references(each, moved)
        for name, each in schema.items()
    }


def placed_at(schema: Any, pointer: str) -> Any:
    """A schema that stands by itself, to stand in a document at this JSON pointer."""
    return with_references(
        schema, lambda reference: pointer + reference[1:] if reference[:1] == "#" else reference
    )


def newest(schemas: dict[str, Any] | None) -> tuple[str, Any] | None:
    """The greatest version, with its schema. Digits in versions compare as numbers."""
    if not schemas:
        return None
    version = max(schemas, key=_order)
    return version, schemas[version]


def escaped(name: str) -> str:
    """A name within a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")


def _order(version: str) -> list[tuple[int, int, str]]:
    parts = _DIGITS.split(version)
    return [(1, int(part), "") if part.isdecimal() else (0, 0, part) for part in parts]
