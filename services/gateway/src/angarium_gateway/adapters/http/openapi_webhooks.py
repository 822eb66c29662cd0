"""Reads event types from the webhooks of an OpenAPI document, 3.0 or 3.1.

A webhook becomes an event type of its name. The schema of the body that it sends becomes a JSON
schema that stands by itself: what it refers to in the document is put into it.
"""

import re
from typing import Any, Final

import yaml

from .event_type_schemas import DRAFT_2020_12, OPENAPI_3_0_DRAFT, escaped, with_references
from .problems import Fault, Refused, invalid
from .schemas.event_type_specs import EventTypeFromOpenApi
from .schemas.fields import NEW_NAME_PATTERN
from .strict_json import DEPTH_MAX

WEBHOOKS_MAX: Final = 500
DESCRIPTION_CHARS_MAX: Final = 4_096
_NAME: Final = re.compile(NEW_NAME_PATTERN)
_SECTIONS: Final = ("webhooks", "x-webhooks")
_METHODS: Final = ("post", "put", "patch", "get", "delete")
_JSON: Final = re.compile(r"application/([\w.+-]+\+)?json(;.*)?")
_LOADER: type[Any] = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_OPENING = (yaml.MappingStartEvent, yaml.SequenceStartEvent)
_CLOSING = (yaml.MappingEndEvent, yaml.SequenceEndEvent)


def read_text(text: str) -> dict[str, Any]:
    """A document in YAML, and so in JSON too. Raises `Refused`. Takes up to a second for the
    largest body: call it in a thread."""
    depth = 0
    try:
        for event in yaml.parse(text, Loader=_LOADER):
            depth += isinstance(event, _OPENING) - isinstance(event, _CLOSING)
            if isinstance(event, yaml.AliasEvent) or depth > DEPTH_MAX:
                raise _refused(
                    ("specRaw",),
                    "The text has an alias (`*name`), or more than"
                    f" {DEPTH_MAX} levels. Write it out in a flatter form.",
                )
        document = yaml.load(text, Loader=_LOADER)  # noqa: S506 - a safe loader
    except (yaml.YAMLError, ValueError, TypeError) as error:
        reason = str(error).splitlines()[0][:200]
        raise _refused(("specRaw",), f"The text is neither JSON nor YAML: {reason}.") from None
    if not isinstance(document, dict):
        raise _refused(("specRaw",), "The text must be one OpenAPI document, an object.")
    return document


def event_types_of(document: dict[str, Any], member: str) -> list[EventTypeFromOpenApi]:
    """The event types of a document that the body has as `member`. Raises `Refused` for the first
    fault, with its place."""
    version = str(document.get("openapi", ""))
    if not re.match(r"3\.[01]\b", version):
        raise _refused((member, "openapi"), "`openapi` must be 3.0 or 3.1, such as `3.1.0`.")
    reader = _Reader(document, member, is_3_0=version.startswith("3.0"))
    found: dict[str, EventTypeFromOpenApi] = {}
    for section in _SECTIONS:
        webhooks = reader.object(document.get(section) or {}, (section,))
        for name, item in webhooks.items():
            found[str(name)] = reader.event_type(str(name), item, (section, str(name)))
            if len(found) > WEBHOOKS_MAX:
                raise _refused(
                    (member, section),
                    f"One import takes at most {WEBHOOKS_MAX} webhooks. Split the document.",
                )
    if not found:
        raise _refused((member,), "The document has no `webhooks` and no `x-webhooks`. Add some.")
    return list(found.values())


class _Reader:
    def __init__(self, document: dict[str, Any], member: str, *, is_3_0: bool) -> None:
        self._document = document
        self._member = member
        self._is_3_0 = is_3_0

    def object(self, value: Any, place: tuple[str, ...]) -> dict[str, Any]:
        """An object, or what it refers to."""
        for _ in range(DEPTH_MAX):
            if not isinstance(value, dict):
                raise self._at(place, "This must be an object.")
            reference = value.get("$ref")
            if not isinstance(reference, str):
                return value
            value = self.referred(reference, place)
        raise self._at(place, "The reference leads to itself.")

    def referred(self, reference: str, place: tuple[str, ...]) -> Any:
        value: Any = self._document
        if reference != "#" and not reference.startswith("#/"):
            raise self._at(
                place, f"`$ref` leads to `{reference[:100]}`, out of the document. Bundle it first."
            )
        for part in reference.split("/")[1:]:
            name = part.replace("~1", "/").replace("~0", "~")
            if not isinstance(value, dict) or name not in value:
                raise self._at(place, f"`$ref` leads to `{reference[:100]}`, which is not there.")
            value = value[name]
        return value

    def event_type(self, name: str, item: Any, place: tuple[str, ...]) -> EventTypeFromOpenApi:
        if _NAME.search(name) is None or len(name) > 256:
            raise self._at(
                place,
                "The name of a webhook becomes that of an event type. Use 1 to 256 letters,"
                " digits, `-`, `_` or `.`.",
            )
        path_item = self.object(item, place)
        method = next((each for each in _METHODS if each in path_item), None)
        operation: dict[str, Any] = {}
        if method is not None:
            operation = self.object(path_item[method], (*place, method))
        described = next(
            (
                str(text)
                for text in (
                    operation.get("description"),
                    operation.get("summary"),
                    path_item.get("description"),
                    path_item.get("summary"),
                )
                if text
            ),
            "",
        )
        schema = None if method is None else self._schema(operation, (*place, method))
        group = operation.get("x-svix-group-name", operation.get("x-group-name"))
        flags = operation.get("x-svix-feature-flags") or operation.get("x-svix-feature-flag")
        return EventTypeFromOpenApi(
            name=name,
            description=described[:DESCRIPTION_CHARS_MAX],
            deprecated=operation.get("deprecated") is True,
            schemas=None if schema is None else {"1": schema},
            group_name=None if group is None else str(group),
            feature_flags=tuple(map(str, flags if isinstance(flags, list) else [flags]))
            if flags
            else None,
        )

    def _schema(self, operation: dict[str, Any], place: tuple[str, ...]) -> dict[str, Any] | None:
        if "requestBody" not in operation:
            return None
        place = (*place, "requestBody")
        body = self.object(operation["requestBody"], place)
        content = self.object(body.get("content") or {}, (*place, "content"))
        kind = next((each for each in content if _JSON.fullmatch(str(each))), None)
        if kind is None:
            return None
        place = (*place, "content", str(kind))
        media = self.object(content[kind], place)
        schema = media.get("schema")
        if not isinstance(schema, dict):
            return None
        return _Bundle(self, (*place, "schema"), is_3_0=self._is_3_0).of(schema)

    def _at(self, place: tuple[str, ...], message: str) -> Refused:
        return _refused((self._member, *place), message)


class _Bundle:
    """A schema with all that it refers to, as definitions of its own."""

    def __init__(self, reader: _Reader, place: tuple[str, ...], *, is_3_0: bool) -> None:
        self._reader = reader
        self._place = place
        self._is_3_0 = is_3_0
        self._key = "definitions" if is_3_0 else "$defs"
        self._names: dict[str, str] = {}
        self._definitions: dict[str, Any] = {}

    def of(self, schema: dict[str, Any]) -> dict[str, Any]:
        if set(schema) == {"$ref"}:
            schema = self._reader.object(schema, self._place)
        draft = OPENAPI_3_0_DRAFT if self._is_3_0 else DRAFT_2020_12
        bundled: dict[str, Any] = {"$schema": draft} | self._adapted(schema)
        return bundled | ({self._key: self._definitions} if self._definitions else {})

    def _adapted(self, schema: Any) -> Any:
        adapted = with_references(schema, self._moved)
        return _with_nulls(adapted) if self._is_3_0 else adapted

    def _moved(self, reference: str) -> str:
        name = self._names.get(reference)
        if name is None:
            name = reference.rsplit("/", 1)[-1] or "document"
            while name in self._definitions:
                name += "_"
            self._names[reference] = name
            self._definitions[name] = True  # taken
            self._definitions[name] = self._adapted(self._reader.referred(reference, self._place))
        return f"#/{self._key}/{escaped(name)}"


def _with_nulls(schema: Any) -> Any:
    """OpenAPI 3.0's `nullable`, as JSON Schema has it."""
    if isinstance(schema, list):
        return [_with_nulls(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    plain = {name: _with_nulls(each) for name, each in schema.items() if name != "nullable"}
    if schema.get("nullable") is not True:
        return plain
    if isinstance(plain.get("type"), str):
        enum = plain.get("enum")
        if isinstance(enum, list) and None not in enum:
            plain["enum"] = [*enum, None]
        return plain | {"type": [plain["type"], "null"]}
    return {"anyOf": [plain, {"type": "null"}]}


def _refused(place: tuple[str, ...], message: str) -> Refused:
    return Refused(invalid(Fault(("body", *place), message)))
