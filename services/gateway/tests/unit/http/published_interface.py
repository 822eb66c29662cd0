"""Compares two OpenAPI documents: what a client of one finds missing in the other.

Requests may be wider than published, and answers narrower. Both documents are read through
`Shape`, because one is of OpenAPI 3.0 and the other of 3.1.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Self

type Json = dict[str, Any]

METHODS: Final = frozenset({"get", "post", "put", "patch", "delete", "head"})
LOWER_BOUNDS: Final = ("minimum", "minLength", "minItems")
UPPER_BOUNDS: Final = ("maximum", "maxLength", "maxItems")
FORMAT_MAXIMA: Final = {"uint16": 65_535}


@dataclass(frozen=True, slots=True)
class Shape:
    """A schema: the types that it allows, and what it says of each."""

    types: frozenset[str]
    schema: Json = field(default_factory=dict)

    @classmethod
    def of(cls, schema: Json, document: Json) -> Self:
        """Read a schema, its reference and its alternatives resolved."""
        merged: Json = {}
        types: set[str] = set()
        for part in _alternatives(schema, document):
            declared = part.get("type")
            kinds = declared if isinstance(declared, list) else [declared] if declared else []
            if not kinds and "enum" in part:
                kinds = [_type_of(value) for value in part["enum"]]
            types |= set(kinds)
            merged |= {name: value for name, value in part.items() if kinds != ["null"]}
        if merged.pop("nullable", False):
            types.add("null")
        return cls(frozenset(types), merged)

    @property
    def members(self) -> Mapping[str, Json]:
        members: Mapping[str, Json] = self.schema.get("properties", {})
        return members

    @property
    def required(self) -> frozenset[str]:
        return frozenset(self.schema.get("required", ()))

    @property
    def values(self) -> frozenset[Any]:
        return frozenset(value for value in self.schema.get("enum", ()) if value is not None)


def _alternatives(schema: Json, document: Json) -> Iterator[Json]:
    if "$ref" in schema:
        beside = {name: value for name, value in schema.items() if name != "$ref"}
        for part in _alternatives(_resolved(schema["$ref"], document), document):
            yield part | beside
        return
    choices = schema.get("anyOf") or schema.get("oneOf")
    if choices is None:
        yield schema
        return
    beside = {name: value for name, value in schema.items() if name not in ("anyOf", "oneOf")}
    for choice in choices:
        for part in _alternatives(choice, document):
            yield part | beside


def _resolved(reference: str, document: Json) -> Json:
    found = document
    for part in reference.removeprefix("#/").split("/"):
        found = found[part]
    return found


def _type_of(value: object) -> str:
    return {str: "string", int: "integer", bool: "boolean", type(None): "null"}[type(value)]


@dataclass(frozen=True, slots=True)
class Comparison:
    """The published document, and ours."""

    published: Json
    ours: Json

    def operations(self) -> Iterator[tuple[str, Json, Json]]:
        """The operations that are in both, by the id that is published."""
        for path, item in self.published["paths"].items():
            for method, operation in item.items():
                own = self.ours["paths"].get(path, {}).get(method)
                if method in METHODS and own is not None:
                    yield f"{method.upper()} {path}", operation, own

    def differences(self) -> Iterator[tuple[str, str]]:
        """Faults that a client of the published interface meets: operation and fault."""
        for name, published, ours in self.operations():
            for faults in (self._parameters, self._bodies, self._answers):
                for fault in faults(published, ours):
                    yield name, fault

    def _parameters(self, published: Json, ours: Json) -> Iterator[str]:
        own = {each["name"].lower(): each for each in ours.get("parameters", ())}
        for parameter in published.get("parameters", ()):
            where = f"?{parameter['name']}"
            mine = own.get(parameter["name"].lower())
            if mine is None:
                yield f"{where} is missing"
            elif mine.get("required") and not parameter.get("required"):
                yield f"{where} is required"
            else:
                schema = {**parameter["schema"], "nullable": False}
                yield from self._accepts(where, schema, mine["schema"])

    def _bodies(self, published: Json, ours: Json) -> Iterator[str]:
        if "requestBody" not in published:
            return
        schema, own = _body(published["requestBody"]), _body(ours["requestBody"])
        yield from self._accepts("body", schema, own)

    def _answers(self, published: Json, ours: Json) -> Iterator[str]:
        for status, answer in published["responses"].items():
            where, own = f"answer {status}", ours["responses"].get(status)
            if own is None:
                if status.startswith("2"):
                    yield f"{where} is missing"
                continue
            if "$ref" in own:
                own = _resolved(own["$ref"], self.ours)
            if "content" in answer:
                yield from self._gives(where, _body(answer), _body(own))
            elif "content" in own:
                yield f"{where} has a body"

    def _accepts(self, where: str, published: Json, ours: Json) -> Iterator[str]:
        """Parts of a published request that ours refuses."""
        wanted, own = Shape.of(published, self.published), Shape.of(ours, self.ours)
        yield from self._enumeration(where, wanted, own)
        missing = wanted.types - own.types
        if own.types and missing - ({"integer"} if "number" in own.types else set()):
            yield f"{where} does not take {', '.join(sorted(missing))}"
        yield from _bounds(where, wanted, own)
        for member, schema in wanted.members.items():
            if member not in own.members:
                yield f"{where}.{member} is missing"
            else:
                yield from self._accepts(f"{where}.{member}", schema, own.members[member])
        for member in sorted(own.required - wanted.required):
            yield f"{where}.{member} is required"
        if "items" in wanted.schema and "items" in own.schema:
            yield from self._accepts(f"{where}[]", wanted.schema["items"], own.schema["items"])

    def _gives(self, where: str, published: Json, ours: Json) -> Iterator[str]:
        """Members that one of the two answers must have and the other need not."""
        wanted, own = Shape.of(published, self.published), Shape.of(ours, self.ours)
        yield from self._enumeration(where, wanted, own)
        strange = own.types - wanted.types
        if wanted.types and strange - ({"integer"} if "number" in wanted.types else set()):
            yield f"{where} may be {', '.join(sorted(strange))}"
        for member in sorted(wanted.required - own.required):
            yield f"{where}.{member} is not always there"
        for member, schema in wanted.members.items():
            if member in own.members:
                yield from self._gives(f"{where}.{member}", schema, own.members[member])
            elif member not in wanted.required:
                yield f"{where}.{member} is missing"
        if "items" in wanted.schema and "items" in own.schema:
            yield from self._gives(f"{where}[]", wanted.schema["items"], own.schema["items"])

    def _enumeration(self, where: str, wanted: Shape, own: Shape) -> Iterator[str]:
        if wanted.values != own.values:
            yield f"{where} is one of {_listed(own.values)}, not of {_listed(wanted.values)}"


def _bounds(where: str, wanted: Shape, own: Shape) -> Iterator[str]:
    default, published = own.schema.get("default"), wanted.schema.get("default")
    if published is not None and default != published:
        yield f"{where} is {default} by default, not {published}"
    for bound in (*LOWER_BOUNDS, *UPPER_BOUNDS):
        limit, published = own.schema.get(bound), wanted.schema.get(bound)
        if bound == "minLength" and wanted.schema.get("pattern", "").endswith("+$"):
            continue
        if bound == "maximum":
            published = FORMAT_MAXIMA.get(wanted.schema.get("format", ""), published)
        if limit is None:
            continue
        tighter = published is None or (
            limit > published if bound in LOWER_BOUNDS else limit < published
        )
        if tighter:
            yield f"{where} has {bound} {limit:g}, not {published}"


def _body(part: Json) -> Json:
    content: Json = part["content"]
    media = content.get("application/json") or content.get("application/problem+json")
    assert media is not None, content
    schema: Json = media["schema"]
    return schema


def _listed(values: frozenset[Any]) -> str:
    return ", ".join(map(str, sorted(values, key=str))) or "anything"
