"""Example payloads from the JSON schema of an event type."""

from collections.abc import Mapping
from typing import Any, Final

DEPTH_MAX: Final = 16
NUMBER_CHARS_MAX: Final = 20

_NOTHING: Final = object()


def latest_schema(schemas: Mapping[str, Any]) -> Mapping[str, Any] | None:
    """The schema with the highest version: `10` and `v10` are above `9`."""
    if not schemas:
        return None
    latest = schemas[max(schemas, key=_version)]
    return latest if isinstance(latest, dict) else None


def example_payload(schema: Mapping[str, Any], index: int = 0) -> Mapping[str, Any] | None:
    """The example of a schema: the one at this index of its `examples`, else its `example`, else an
    object built from the examples, defaults or constants of its properties. None if there is none
    or it is not an object."""
    examples = schema.get("examples")
    if isinstance(examples, list) and examples:
        found = examples[index] if index < len(examples) else None
    else:
        found = _value(schema, DEPTH_MAX)
    return found if isinstance(found, dict) else None


def _value(schema: object, depth: int) -> Any:
    if not isinstance(schema, dict) or depth == 0:
        return _NOTHING
    for name in ("examples", "enum"):
        values = schema.get(name)
        if isinstance(values, list) and values:
            return values[0]
    for name in ("example", "const", "default"):
        if name in schema:
            return schema[name]
    properties = schema.get("properties")
    if not isinstance(properties, dict):
        return _NOTHING
    members = {name: _value(member, depth - 1) for name, member in properties.items()}
    given = {name: value for name, value in members.items() if value is not _NOTHING}
    return given or _NOTHING


def _version(name: str) -> tuple[int, str]:
    digits = name.lstrip("vV")
    is_number = digits.isascii() and digits.isdigit() and len(digits) <= NUMBER_CHARS_MAX
    return (int(digits), name) if is_number else (-1, name)
