"""Checks payloads against JSON schemas, in bounded time.

Three bounds keep the time of a check to a fraction of a second, whatever schema a tenant saves and
whatever it posts: patterns are matched in linear time; a schema must not refer to itself, and has a
bounded size once its references are replaced by what they refer to; that size, times the number of
values in the payload, is bounded.
"""

from itertools import islice
from typing import Any, Final

import jsonschema_rs
import msgspec

from angarium_gateway.domain.schema_checks import Violation

VIOLATIONS_MAX: Final = 20
"""Violations that are reported of one payload."""
PAYLOAD_BYTES_MAX: Final = 256 * 1024
SCHEMA_VALUES_MAX: Final = 10_000
"""Values in a schema, those of a definition counted for each reference to it."""
STEPS_MAX: Final = 5_000_000
"""Values in a schema times values in a payload."""
MESSAGE_CHARS_MAX: Final = 300
_DRAFTS: Final[dict[str, type[jsonschema_rs.Validator]]] = {
    "draft-04": jsonschema_rs.Draft4Validator,
    "draft-06": jsonschema_rs.Draft6Validator,
    "draft-07": jsonschema_rs.Draft7Validator,
    "2019-09": jsonschema_rs.Draft201909Validator,
    "2020-12": jsonschema_rs.Draft202012Validator,
}
_DEFINITIONS: Final = frozenset({"definitions", "$defs"})
_LITERALS: Final = frozenset({"enum", "const", "default", "examples"})
_DYNAMIC: Final = frozenset({"$dynamicRef", "$recursiveRef"})
_PATTERNS: Final = jsonschema_rs.RegexOptions(size_limit=1 << 20, dfa_size_limit=1 << 20)
_decoder = msgspec.json.Decoder()


class SchemaUnusable(Exception):
    """A schema cannot be enforced. The text is a sentence with the reason."""


class SchemaPayloadCheck:
    """Implements `PayloadCheck`."""

    unusable: str | None = None

    def __init__(self, schema: bytes) -> None:
        """Raises `SchemaUnusable`."""
        decoded = _decoder.decode(schema)
        self._values = schema_values(decoded)
        named = str(decoded.get("$schema", "draft-07"))
        draft = next((each for each in _DRAFTS if each in named), "draft-07")
        try:
            self._validator = _DRAFTS[draft](
                decoded,
                validate_formats=False,
                mask="The value",
                pattern_options=_PATTERNS,
                offline=True,
            )
        except (jsonschema_rs.ValidationError, jsonschema_rs.ReferencingError, ValueError) as error:
            reason = str(error).splitlines()[0][:MESSAGE_CHARS_MAX]
            raise SchemaUnusable(
                f"The schema of this event type cannot be checked against: {reason} Patterns must"
                " do without look-around and backreferences, and references stay in the schema."
            ) from None

    def violations(self, payload: bytes) -> list[Violation]:
        """See the port."""
        if len(payload) > PAYLOAD_BYTES_MAX:
            message = f"A payload that is checked against a schema has at most {PAYLOAD_BYTES_MAX}"
            return [Violation((), f"{message} bytes. Send less, or a reference to the data.")]
        if (payload.count(b",") + payload.count(b"[") + payload.count(b"{") + 1) * (
            self._values
        ) > STEPS_MAX:
            message = "The payload has too many values for a schema of this size. Send less."
            return [Violation((), message)]
        try:
            value = _decoder.decode(payload)
        except (msgspec.DecodeError, RecursionError):
            return [Violation((), "The payload is not JSON, and its event type has a JSON schema.")]
        if self._validator.is_valid(value):
            return []
        found = islice(self._validator.iter_errors(value), VIOLATIONS_MAX)
        return [
            Violation(tuple(map(str, each.instance_path)), _sentence(each.message))
            for each in found
        ]


class UnusableSchemaCheck:
    """Implements `PayloadCheck` for a schema that cannot be enforced: every payload violates it."""

    def __init__(self, reason: str) -> None:
        self.unusable: str | None = reason
        self._violation = Violation((), reason)

    def violations(self, _: bytes) -> list[Violation]:
        """See the port."""
        return [self._violation]


def compile_schema(schema: bytes) -> SchemaPayloadCheck | UnusableSchemaCheck:
    """Implements `CompileSchema`."""
    try:
        return SchemaPayloadCheck(schema)
    except SchemaUnusable as error:
        return UnusableSchemaCheck(str(error))


def schema_values(schema: Any) -> int:
    """The number of values in a schema whose references are replaced by what they refer to.

    Raises `SchemaUnusable` for one that refers to itself, or that has too many.
    """
    return _Unfolding(schema).values_of(schema)


class _Unfolding:
    def __init__(self, root: Any) -> None:
        self._root = root
        self._known: dict[str, int | None] = {}

    def values_of(self, value: Any) -> int:
        count = 1
        if isinstance(value, list):
            count += sum(map(self.values_of, value))
        elif isinstance(value, dict):
            if not _DYNAMIC.isdisjoint(value):
                raise SchemaUnusable(_RECURSIVE)
            reference = value.get("$ref")
            if isinstance(reference, str):
                count += self._referred(reference)
            for name, member in value.items():
                if name in _LITERALS:
                    count += len(member) if isinstance(member, list) else 1
                elif name not in _DEFINITIONS:
                    count += self.values_of(member)
        if count > SCHEMA_VALUES_MAX:
            raise SchemaUnusable(
                "The schema of this event type is too large to be checked against: it has more than"
                f" {SCHEMA_VALUES_MAX} values, references replaced. Simplify it."
            )
        return count

    def _referred(self, reference: str) -> int:
        if reference in self._known:
            count = self._known[reference]
            if count is None:
                raise SchemaUnusable(_RECURSIVE)
            return count
        self._known[reference] = None
        count = self.values_of(resolved(self._root, reference))
        self._known[reference] = count
        return count


_RECURSIVE: Final = (
    "The schema of this event type refers to itself, so that a check could take any time. Write out"
    " the levels that you need."
)


def resolved(root: Any, reference: str) -> Any:
    """The value that a JSON pointer within the document refers to. Raises `SchemaUnusable`."""
    if reference != "#" and not reference.startswith("#/"):
        raise SchemaUnusable(
            f"The schema refers to `{reference[:100]}`. References must begin with `#/`."
        )
    value = root
    for part in reference.split("/")[1:]:
        name = part.replace("~1", "/").replace("~0", "~")
        if isinstance(value, list) and name.isdecimal() and int(name) < len(value):
            value = value[int(name)]
        elif isinstance(value, dict) and name in value:
            value = value[name]
        else:
            raise SchemaUnusable(f"The schema refers to `{reference[:100]}`, which is not in it.")
    return value


def _sentence(message: str) -> str:
    return message[:MESSAGE_CHARS_MAX] + ("" if message.endswith(".") else ".")
