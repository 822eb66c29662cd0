"""JSON schemas of event types as parts of other documents: their references are moved."""

from collections.abc import Callable
from typing import Any, Final

from angarium_webhooks.schema_versions import newest_version

DRAFT_2020_12: Final = "https://json-schema.org/draft/2020-12/schema"
OPENAPI_3_0_DRAFT: Final = "http://json-schema.org/draft-04/schema#"
"""The draft whose keywords OpenAPI 3.0 has: `exclusiveMinimum` is a boolean there."""
DRAFT_07: Final = "http://json-schema.org/draft-07/schema#"
_LITERALS: Final = frozenset({"enum", "const", "default", "example", "examples"})


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
    """The newest version, with its schema; None without schemas."""
    version = newest_version(schemas or ())
    return None if schemas is None or version is None else (version, schemas[version])


def escaped(name: str) -> str:
    """A name within a JSON pointer (RFC 6901)."""
    return name.replace("~", "~0").replace("/", "~1")
