"""Examples of event types, from their schemas."""

from collections.abc import Mapping
from typing import Any

from angarium_cli.failure import CommandFailed


def example_of(event_type: Mapping[str, Any], index: int) -> dict[str, Any]:
    """An example of the newest schema of an event type. Raises CommandFailed if it has none."""
    name = event_type["name"]
    schemas = event_type.get("schemas") or {}
    if not schemas:
        raise CommandFailed(
            f"{name} has no schema; add one with examples, or post a payload with `angarium send`"
        )
    newest = schemas[max(schemas, key=_version)]
    examples = newest.get("examples") or ([newest["example"]] if "example" in newest else [])
    if index >= len(examples) or not isinstance(examples[index], dict):
        raise CommandFailed(
            f"the newest schema of {name} has no example {index}; add it to its `examples`, or post"
            " a payload with `angarium send`"
        )
    found: dict[str, Any] = examples[index]
    return found


def _version(text: str) -> tuple[int, str]:
    return (int(text), "") if text.isdecimal() else (-1, text)
