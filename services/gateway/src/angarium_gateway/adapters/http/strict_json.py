"""Strict reading of request bodies: anything but JSON of the declared types is refused."""

import functools
import re
from collections.abc import Callable, Hashable, Iterator
from itertools import accumulate
from typing import Any, Final, cast, override

import msgspec
from litestar.dto import AbstractDTO
from litestar.openapi.spec import Reference, Schema
from litestar.typing import FieldDefinition
from msgspec import inspect

from .body_faults import faults_of
from .gzip_bodies import is_gzip
from .lone_surrogates import LoneSurrogates
from .problems import Fault, Refused, invalid
from .repeated_members import repeated_member
from .value_sentences import kinds_of, plain_type

DEPTH_MAX: Final = 64
"""Levels of objects and arrays within each other."""

_STRING = re.compile(rb'"[^"\\]*+(?:\\.[^"\\]*+)*+(?:"|\\?\Z)', re.DOTALL)
"""Possessive, and never in vain from a quote on: linear also for a string without an end."""
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
_STEP = {ord("["): 1, ord("{"): 1, ord("]"): -1, ord("}"): -1}
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"
_MALFORMED = re.compile(r"JSON is malformed: .*\(byte (?P<at>\d+)\)")


def decode_body[T](
    body: bytes,
    shape: type[T],
    *,
    kept_as_bytes: tuple[str, ...] | None = None,
    may_repeat: Callable[[bytes, T], bool] | None = None,
) -> T:
    """Read `body` as `shape`. Raises `Refused` (422), which names every member at fault.

    `kept_as_bytes` is the place of a text that may contain U+0000, as no text column stores it.
    `may_repeat` is a cheap test of what was decoded: if it is false, no member is repeated, and the
    body is not searched for one.
    """
    if not body.strip():
        raise _refused(("body",), "The body is missing. Send a JSON object.", "value_error.missing")
    try:
        body.decode()
    except UnicodeDecodeError as error:
        raise _refused(
            ("body",), f"Byte {error.start} is not valid UTF-8. Send the body in UTF-8."
        ) from None
    if nests_too_deep(body):
        raise too_deep()
    try:
        value: T = _decoder(cast("Hashable", shape)).decode(body)
    except (msgspec.DecodeError, RecursionError):
        value = _read_again(body, shape)
    if may_repeat is None or may_repeat(body, value):
        refuse_repeats(body, shape)
    if b"\\u0000" in body:
        message = "The text contains the character U+0000. Remove it."
        _refuse_character(value, "\0", message, kept_as_bytes)
    return value


def refuse_repeats(body: bytes, shape: Any) -> None:
    """Refuse well-formed JSON in which a member is repeated. Raises `Refused`."""
    location = repeated_member(body, shape)
    if location is not None:
        raise _refused(location, f"`{location[-1]}` is given more than once. Give it once.")


def too_deep() -> Refused:
    """The refusal of a body that nests too deep."""
    return _refused(
        ("body",), f"Objects and arrays may nest at most {DEPTH_MAX} levels deep. Flatten them."
    )


def nests_too_deep(body: bytes, depth_max: int = DEPTH_MAX) -> bool:
    """True if objects and arrays nest deeper than `depth_max`. Takes linear time."""
    if body.count(b"{") + body.count(b"[") <= depth_max:
        return False
    brackets = _STRING.sub(b"", body).translate(None, _NOT_BRACKETS)
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > depth_max


@functools.cache
def _decoder(shape: Hashable) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(cast("Any", shape), strict=True)


def _read_again[T](body: bytes, shape: type[T]) -> T:
    """Read a body that msgspec refused: with lone surrogates in parts that are passed on as they
    are, and with `null` in optional members. Raises `Refused`."""
    surrogates = LoneSurrogates(body)
    try:
        msgspec.json.decode(surrogates.text)
    except (msgspec.DecodeError, RecursionError) as error:
        raise _malformed(surrogates.text, error) from None
    text = _without_optional_nulls(surrogates.text, inspect.type_info(shape))
    try:
        value: T = _decoder(cast("Hashable", shape)).decode(text)
    except msgspec.ValidationError:
        faults = faults_of(msgspec.json.decode(text), shape)
        unknown = Fault(("body",), "The body does not have the form that /docs describes.")
        raise Refused(invalid(*faults or [unknown])) from None
    return _with_surrogates(value, surrogates) if surrogates.found else value


def _without_optional_nulls(text: bytes, kind: inspect.Type) -> bytes:
    """`text` without the members that are `null`, may be left out, and may not be `null`.

    The text of other members stays as it is, byte for byte.
    """
    struct = next(
        (
            each
            for each, _ in map(plain_type, kinds_of(kind))
            if isinstance(each, inspect.StructType)
        ),
        None,
    )
    if struct is None or text[:1] != b"{":
        return text
    members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
    fields = {field.encode_name: field for field in struct.fields}
    kept = {
        name: msgspec.Raw(_without_optional_nulls(bytes(value), fields[name].type))
        if name in fields
        else value
        for name, value in members.items()
        if not (bytes(value) == b"null" and name in fields and _is_left_out(fields[name]))
    }
    return msgspec.json.encode(kept)


def _is_left_out(field: inspect.Field) -> bool:
    kinds = [plain_type(each)[0] for each in kinds_of(field.type)]
    nullable = any(isinstance(each, inspect.NoneType | inspect.AnyType) for each in kinds)
    return not field.required and not nullable


def _with_surrogates[T](value: T, surrogates: LoneSurrogates) -> T:
    """`value` with the surrogates in its raw members; no other may have one."""
    _refuse_character(
        value,
        surrogates.placeholder,
        f"The text holds {surrogates.found[0].decode()}, half of a character (a lone surrogate)."
        " Replace it with the whole character.",
    )
    raw = {
        name: msgspec.Raw(surrogates.restore(bytes(member)))
        for name in getattr(value, "__struct_fields__", ())
        if isinstance(member := getattr(value, name), msgspec.Raw)
    }
    return cast("T", msgspec.structs.replace(cast("Any", value), **raw))


def _malformed(body: bytes, error: Exception) -> Refused:
    if body.startswith(_BYTE_ORDER_MARK):
        message = "The body begins with a byte order mark. Leave it out."
    elif (place := _MALFORMED.fullmatch(str(error))) is not None:
        at = int(place["at"])
        near = body[max(at - 20, 0) : at + 20].decode(errors="replace")
        message = (
            f"The body is not valid JSON (RFC 8259) at byte {at}, near `{near}`. Send one JSON"
            " object."
        )
    else:
        message = "The body ends before its JSON is complete. Send one whole JSON object."
    return _refused(("body",), message, "value_error.jsondecode")


def _refused(location: tuple[str, ...], message: str, kind: str = "value_error") -> Refused:
    return Refused(invalid(Fault(location, message, kind)))


def _kept_as_bytes(_: msgspec.Raw) -> None:
    """Raw JSON is stored as bytes: nothing in it to refuse."""


def _refuse_character(
    value: Any, character: str, message: str, allowed_at: tuple[str, ...] | None = None
) -> None:
    """Refuse a character that no database keeps in a text. Raises `Refused`."""
    plain = msgspec.to_builtins(value, enc_hook=_kept_as_bytes)
    location = next(
        (each for each in _places_of(character, plain, ("body",)) if each != allowed_at), None
    )
    if location is not None:
        raise _refused(location, message)


def _places_of(character: str, value: Any, location: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    members: list[tuple[str, Any]] = []
    if isinstance(value, str) and character in value:
        yield location
    elif isinstance(value, dict):
        if any(character in name for name in value):
            yield location
        members = list(value.items())
    elif isinstance(value, list | tuple):
        members = [(str(number), member) for number, member in enumerate(value)]
    for name, member in members:
        yield from _places_of(character, member, (*location, name))


class StrictJson(AbstractDTO[msgspec.Struct]):
    """Gives handlers their `data` decoded by `decode_body`, in place of Litestar's lax way."""

    @override
    def decode_bytes(self, value: bytes) -> Any:
        is_gzip(self.asgi_connection.headers.get("content-encoding", ""))  # refuses all others
        handler: Any = self.asgi_connection.route_handler
        field: FieldDefinition = handler.parsed_data_field
        if field.is_optional and not value.strip():
            return None
        return decode_body(value, field.annotation)

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
