"""The form of everything that travels between services: tagged, versioned msgpack.

A contract's tag is ``name/version``. Within a version fields are only ever added, with a
default; another meaning is another version. A reader that meets a version it does not know
gets an `UnknownVersion` value, and parks the bytes; it never drops them.
"""

from dataclasses import dataclass

import msgspec


class Contract(msgspec.Struct, frozen=True, omit_defaults=True, tag_field="type"):
    """Base of every stream message, query and answer."""


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """Base of what stands inside a contract."""


@dataclass(frozen=True, slots=True)
class UnknownVersion:
    """A well-formed contract of a name or version that this reader does not know."""

    tag: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """Bytes that are no contract, or one whose fields have the wrong types."""

    reason: str


class _TagOnly(msgspec.Struct, frozen=True):
    type: str


_encoder = msgspec.msgpack.Encoder()
_tag_decoder = msgspec.msgpack.Decoder(_TagOnly)


def encode(contract: Contract) -> bytes:
    """Encode a contract with its tag."""
    return _encoder.encode(contract)


class Reader[T]:
    """Decodes one contract type, or a union of them, and returns failures as values.

    `types` are those that it decodes.
    """

    def __init__(self, *types: type[T]) -> None:
        self.types = types
        known = types[0]
        for other in types[1:]:
            known = known | other  # type: ignore[assignment]
        self._decoder: msgspec.msgpack.Decoder[T] = msgspec.msgpack.Decoder(known)
        self._tags = {str(kind.__struct_config__.tag) for kind in types}  # type: ignore[attr-defined]

    def read(self, body: bytes) -> T | UnknownVersion | Unreadable:
        """Decode `body`. Never raises for what the bytes hold."""
        try:
            return self._decoder.decode(body)
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
            return self._failure(body, error)

    def _failure(self, body: bytes, error: Exception) -> UnknownVersion | Unreadable:
        try:
            tag = _tag_decoder.decode(body).type
        except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
            return Unreadable(str(error))
        return Unreadable(str(error)) if tag in self._tags else UnknownVersion(tag)
