"""Strict reading of request bodies: anything but JSON of the declared types is refused."""

import functools
import re
from collections.abc import Hashable
from itertools import accumulate
from typing import Any, Final, cast, override

import msgspec
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition

from .problems import Fault, Refused, invalid

DEPTH_MAX: Final = 64
"""Levels of objects and arrays within each other."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""Possessive, and never in vain from a quote on: linear also for a string without an end."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_PLACE = re.compile(r"(?P<message>.*) - at `\$(?P<path>.*)`", re.DOTALL)
_MISSING = re.compile(r"Object missing required field `(?P<name>.*)`")
_PATH_PART = re.compile(r"\.([^.\[\]]+)|\[([^\]]*)\]")


def decode_body[T](body: bytes, shape: type[T]) -> T:
    """Read `body` as `shape`. Unknown members are ignored. Raises `Refused` (422)."""
    if not body.strip():
        raise _refused(("body",), "The body is missing. Send a JSON object.", "value_error.missing")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _refused(
            ("body",), f"Byte {error.start} is not valid UTF-8. Send the body in UTF-8."
        ) from None
    if nests_too_deep(body):
        raise _refused(
            ("body",), f"Objects and arrays may nest at most {DEPTH_MAX} levels deep. Flatten them."
        )
    try:
        value: T = _decoder(cast("Hashable", shape)).decode(body)
    except msgspec.ValidationError as error:
        raise Refused(invalid(fault_of(error))) from None
    except (msgspec.DecodeError, RecursionError) as error:
        raise _refused(
            ("body",), f"{error}. Send one JSON object (RFC 8259).", "value_error.jsondecode"
        ) from None
    if b"\\u0000" in body:
        _refuse_nul(msgspec.to_builtins(value, enc_hook=_kept_as_bytes), ("body",))
    return value


def nests_too_deep(body: bytes, depth_max: int = DEPTH_MAX) -> bool:
    """Whether objects and arrays nest deeper than `depth_max`. Takes linear time."""
    if body.count(b"{") + body.count(b"[") <= depth_max:
        return False
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > depth_max


def fault_of(error: msgspec.ValidationError) -> Fault:
    """msgspec's words as a fault: which member, and what is expected there."""
    text = str(error)
    location: list[str] = ["body"]
    placed = _PLACE.fullmatch(text)
    if placed is not None:
        text = placed["message"]
        for name, index in _PATH_PART.findall(placed["path"]):
            location.append(name or index)
    missing = _MISSING.fullmatch(text)
    if missing is not None:
        location.append(missing["name"])
        return Fault(
            tuple(location), f"`{missing['name']}` is required. Add it.", "value_error.missing"
        )
    kind = "type_error" if ", got `" in text else "value_error"
    return Fault(tuple(location), text, kind)


@functools.cache
def _decoder(shape: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast("Any", shape), strict=True)


def _refused(location: tuple[str, ...], message: str, kind: str = "value_error") -> Refused:
    return Refused(invalid(Fault(location, message, kind)))


def _kept_as_bytes(_: msgspec.Raw) -> None:
    """Raw JSON is stored as bytes: nothing in it to refuse."""


def _refuse_nul(value: Any, location: tuple[str, ...]) -> None:
    """No database keeps U+0000 in a text."""
    if isinstance(value, str):
        if "\0" in value:
            raise _refused(location, "The text contains the character U+0000. Remove it.")
    elif isinstance(value, dict):
        for name, member in value.items():
            _refuse_nul(name, location)
            _refuse_nul(member, (*location, name))
    elif isinstance(value, list | tuple):
        for number, member in enumerate(value):
            _refuse_nul(member, (*location, str(number)))


class StrictJson(AbstractDTO[msgspec.Struct]):
    """Gives handlers their `data` decoded by `decode_body`, in place of Litestar's lax way."""

    @override
    def decode_bytes(self, value: bytes) -> Any:
        handler: Any = self.asgi_connection.route_handler
        return decode_body(value, handler.parsed_data_field.annotation)

    @classmethod
    @override
    def create_for_field_definition(cls, *_: Any, **__: Any) -> None:
        """Nothing to prepare."""

    @classmethod
    @override
    def create_openapi_schema(
        cls, field_definition: FieldDefinition, handler_id: str, schema_creator: Any
    ) -> Reference | Schema:
        schema: Reference | Schema = schema_creator.for_field_definition(field_definition)
        return schema
