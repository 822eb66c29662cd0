"""Checks the JSON schemas of event types against the meta-schema of their draft.

Only the form of a schema is checked. Nothing is fetched: a `$ref` is text here, wherever it leads.
Patterns are parsed, not compiled.
"""

from collections.abc import Iterator
from functools import cache
from typing import Any, Final

from jsonschema_rs import (
    Draft4Validator,
    Draft6Validator,
    Draft7Validator,
    Draft201909Validator,
    Draft202012Validator,
    ValidationError,
    ValidationErrorKind,
    Validator,
)

from .refusals import InvalidField

SCHEMA_DEPTH_MAX: Final = 100
"""Levels of objects and lists within each other. The validator recurses on the C stack."""

_JSON_SCHEMA: Final = "json-schema.org/"
_DRAFTS: Final[dict[str, tuple[str, type[Validator]]]] = {
    "draft-04/schema": ("draft 4", Draft4Validator),
    "draft-06/schema": ("draft 6", Draft6Validator),
    "draft-07/schema": ("draft 7", Draft7Validator),
    "draft/2019-09/schema": ("draft 2019-09", Draft201909Validator),
    "draft/2020-12/schema": ("draft 2020-12", Draft202012Validator),
}
_DEFAULT: Final = "draft-07/schema"
_REGEX: Final = "a regular expression of ECMAScript (with its flag `u`)"
_TYPES: Final = {
    "array": "a list",
    "boolean": "true or false",
    "integer": "a whole number",
    "null": "null",
    "number": "a number",
    "object": "an object",
    "string": "a string",
}


@cache
def _validator(draft: str) -> Validator:
    scheme = "http" if draft.startswith("draft-") else "https"
    kind = _DRAFTS[draft][1]
    return kind({"$ref": f"{scheme}://{_JSON_SCHEMA}{draft}"}, validate_formats=True, offline=True)


def check_json_schema(schema: dict[str, Any], field: str, path: tuple[str, ...]) -> None:
    """Check a schema, which `path` leads to in `field`.

    Its `$schema` decides its draft: 4, 6, 7, 2019-09 or 2020-12; without one it is draft 7.
    Raises `InvalidField` for its first fault.
    """
    if _is_too_deep(schema):
        raise InvalidField(
            field,
            f"The schema has more than {SCHEMA_DEPTH_MAX} levels of objects and lists. Move inner"
            " ones to `definitions` and refer to them with `$ref`.",
            path,
        )
    draft = _draft(schema.get("$schema", f"http://{_JSON_SCHEMA}{_DEFAULT}"))
    if draft is None:
        raise InvalidField(
            field,
            "`$schema` must name draft 4, 6, 7, 2019-09 or 2020-12 of JSON Schema, such as"
            " `http://json-schema.org/draft-07/schema#`. Draft 7 applies if you leave it out.",
            (*path, "$schema"),
        )
    try:
        _validator(draft).validate(schema)
    except ValidationError as error:
        error = _innermost(error)
        inner = _path_in(schema, error.instance_path)
        sentence = f"{_sentence(inner, error.kind)} The schema is read as JSON Schema"
        raise InvalidField(
            field, f"{sentence} {_DRAFTS[draft][0]}.", (*path, *map(str, inner))
        ) from None


def _draft(uri: object) -> str | None:
    if not isinstance(uri, str):
        return None
    _, _, draft = uri.removesuffix("#").partition(f"://{_JSON_SCHEMA}")
    return draft if draft in _DRAFTS else None


def _is_too_deep(schema: dict[str, Any]) -> bool:
    level: list[Any] = [schema]
    for _ in range(SCHEMA_DEPTH_MAX):
        level = [inner for outer in level for inner in _inner_values(outer)]
    return bool(level)


def _inner_values(value: dict[str, Any] | list[Any]) -> Iterator[Any]:
    inner = value.values() if isinstance(value, dict) else value
    return (each for each in inner if isinstance(each, dict | list))


def _innermost(error: ValidationError) -> ValidationError:
    """The fault that an error with alternatives comes from: the one deepest in the schema. Where a
    schema or a list of schemas may stand, it is in the one that stands there."""
    while isinstance(error.kind, ValidationErrorKind.AnyOf):
        faults = [branch[0] for branch in error.kind.context if branch]
        deepest = max(faults, key=lambda each: len(each.instance_path), default=error)
        if len(deepest.instance_path) <= len(error.instance_path):
            break
        error = deepest
    return error


def _path_in(schema: dict[str, Any], parts: list[str | int]) -> list[str | int]:
    """The path of a fault, from what the validator gives of it: it leaves out empty names, and
    gives names of digits as numbers."""
    path: list[str | int] = []
    value: Any = schema
    for part in parts:
        while isinstance(value, dict) and _name(value, part) is None and "" in value:
            path.append("")
            value = value[""]
        key = _name(value, part) if isinstance(value, dict) else part
        if key is None:
            break
        path.append(key)
        value = value[key]
    return path


def _name(value: dict[str, Any], part: str | int) -> str | None:
    if isinstance(part, str):
        return part if part in value else None
    return next((name for name in value if name.isdecimal() and int(name) == part), None)


def _sentence(path: list[str | int], kind: ValidationErrorKind) -> str:
    names = [part for part in path if isinstance(part, str)]
    name = f"`{names[-1]}`" if names else "The schema"
    if names[-1:] == ["type"] and isinstance(
        kind, ValidationErrorKind.AnyOf | ValidationErrorKind.Enum
    ):
        types = _words([f'"{each}"' for each in _TYPES])
        return f"{name} must be {types}, or a list of these without repeats."
    if path and isinstance(path[-1], int):
        name = f"Each value of {name}"
    return f"{name} {_demand(kind)}."


def _demand(kind: ValidationErrorKind) -> str:
    match kind:
        case ValidationErrorKind.Type(types=types):
            return f"must be {_words([_TYPES[each] for each in types])}"
        case ValidationErrorKind.Minimum(limit=limit):
            return f"must be at least {limit}"
        case ValidationErrorKind.ExclusiveMinimum(limit=limit):
            return f"must be greater than {limit}"
        case ValidationErrorKind.MinItems():
            return "must not be empty"
        case ValidationErrorKind.UniqueItems():
            return "must not have a value twice"
        case ValidationErrorKind.Required(property=missing):
            return f"requires `{missing}`"
        case ValidationErrorKind.PropertyNames():
            return f"has a name that is not {_REGEX}"
        case ValidationErrorKind.Format(format="regex"):
            return f"must be {_REGEX}"
        case _:
            return "does not have the form that JSON Schema gives it"


def _words(words: list[str]) -> str:
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else str(last)
