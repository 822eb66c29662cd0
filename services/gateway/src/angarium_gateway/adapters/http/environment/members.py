"""Members of objects as a document has them: which differ, and which are left out."""

from collections.abc import Mapping
from typing import Any, Final

import msgspec

from angarium_gateway.adapters.http.schemas.fields import ApiSchema
from angarium_gateway.adapters.http.schemas.former_names import FORMER_NAMES

NOT_READ: Final = frozenset({"proxyUrl", "clientCertificate", "caCertificates", "authentication"})
"""Options of endpoints that the API does not return as they were set."""

_WITHOUT_CONTENT: Final = frozenset({*FORMER_NAMES, "version"})
"""Members that only clients of version 1 of the Svix API send or expect."""
_ABSENT: Final[Mapping[str, Any]] = {
    "ordering": "none",
    "signatureHeaders": "webhook",
    "weight": 1,
}
"""Values of members that answers leave out."""
_EMPTY: Final[tuple[Any, ...]] = (None, "", {})
"""Values that an object without the member may have."""


def plain(data: ApiSchema) -> dict[str, Any]:
    """The members as JSON has them; whole numbers are integers."""
    members: dict[str, Any] = _decoder.decode(msgspec.json.encode(data))
    return members


def given_members(data: ApiSchema, shape: type[ApiSchema]) -> dict[str, Any]:
    """The members of `data` that are set and that `shape` has, by their API names."""
    given = plain(data)
    names = {
        field.encode_name
        for field in msgspec.structs.fields(shape)
        if field.name not in _WITHOUT_CONTENT
    }
    return {name: value for name, value in given.items() if name in names}


def differences(given: Mapping[str, Any], current: ApiSchema) -> dict[str, Any]:
    """The members of `given` whose values the current object does not have."""
    present = plain(current)
    return {
        name: value
        for name, value in given.items()
        if not _is_same(value, present.get(name, _ABSENT.get(name)))
    }


def as_new[T: ApiSchema](given: Mapping[str, Any], shape: type[T], **more: Any) -> T:
    """A request to create an object: `null` members get their default values."""
    members = {name: value for name, value in {**given, **more}.items() if value is not None}
    return msgspec.convert(members, shape)


def as_change[T: ApiSchema](given: Mapping[str, Any], shape: type[T]) -> T:
    """A request to change an object."""
    return msgspec.convert(given, shape)


def _number(text: str) -> float:
    number = float(text)
    return int(number) if number.is_integer() else number


_decoder = msgspec.json.Decoder(float_hook=_number)


def _is_same(given: Any, present: Any) -> bool:
    if given in _EMPTY and present in _EMPTY:
        return True
    if _is_set_of_names(given) and _is_set_of_names(present):
        return sorted(given) == sorted(present)
    return bool(given == present)


def _is_set_of_names(value: Any) -> bool:
    return isinstance(value, list) and all(isinstance(each, str) for each in value)
