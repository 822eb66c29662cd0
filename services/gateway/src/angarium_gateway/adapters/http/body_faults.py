"""Faults of a body that msgspec refused: every member at fault, with a remedy.

msgspec stops at the first fault, and reports it in its own words. This reads the body again
without types, and compares it with the schema.
"""

import re
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any, Final

import msgspec
from msgspec import inspect

from .problems import Fault
from .value_sentences import (
    TIME_REMEDY,
    bad_length,
    did_you_mean,
    kinds_of,
    one_of,
    out_of_range,
    plain_type,
    wrong_kind,
)

FAULTS_MAX: Final = 20
"""Faults that one answer reports."""

type _Location = tuple[str, ...]


def faults_of(value: Any, schema: Any) -> list[Fault]:
    """The first `FAULTS_MAX` faults of a decoded body, in the order of its members."""
    found = _faults(value, inspect.type_info(schema), ("body",))
    return [fault for fault, _ in zip(found, range(FAULTS_MAX), strict=False)]


def _faults(value: Any, kind: inspect.Type, location: _Location) -> Iterator[Fault]:
    alternatives = kinds_of(kind)
    for alternative in alternatives:
        plain, remedy = plain_type(alternative)
        check = _CHECKS.get(type(plain))
        if check is None:
            return
        if _is_of_kind(value, plain):
            yield from check(value, plain, location, remedy or _remedy_of(kind))
            return
    yield Fault(location, wrong_kind(_name(location), kind), "type_error")


def _remedy_of(kind: inspect.Type) -> str | None:
    return plain_type(kind)[1]


def _is_of_kind(value: Any, kind: inspect.Type) -> bool:
    match kind:
        case inspect.LiteralType() | inspect.EnumType():
            return value is not None and not isinstance(value, bool)
        case inspect.IntType():
            return isinstance(value, int) and not isinstance(value, bool)
        case inspect.FloatType():
            return isinstance(value, int | float) and not isinstance(value, bool)
        case _:
            return isinstance(value, _PYTHON_TYPES[type(kind)])


def _struct_faults(
    value: dict[str, Any], kind: inspect.StructType, location: _Location, _: str | None
) -> Iterator[Fault]:
    known = {field.encode_name: field for field in kind.fields}
    for name in value:
        if name not in known and kind.forbid_unknown_fields:
            message = f"There is no member `{name}`. {did_you_mean(name, list(known))}"
            yield Fault((*location, name), message, "value_error.extra")
    for name, field in known.items():
        if name in value:
            yield from _faults(value[name], field.type, (*location, name))
        elif field.required:
            yield Fault((*location, name), f"`{name}` is required. Add it.", "value_error.missing")


def _dict_faults(
    value: dict[str, Any], kind: inspect.DictType, location: _Location, _: str | None
) -> Iterator[Fault]:
    yield from _length_faults(len(value), kind, location, "members")
    for name, member in value.items():
        yield from _faults(name, kind.key_type, (*location, name))
        yield from _faults(member, kind.value_type, (*location, name))


def _list_faults(
    value: list[Any],
    kind: inspect.ListType | inspect.VarTupleType,
    location: _Location,
    _: str | None,
) -> Iterator[Fault]:
    yield from _length_faults(len(value), kind, location, "values")
    for number, item in enumerate(value):
        yield from _faults(item, kind.item_type, (*location, str(number)))


def _length_faults(
    length: int,
    kind: inspect.DictType | inspect.ListType | inspect.VarTupleType | inspect.StrType,
    location: _Location,
    of: str,
) -> Iterator[Fault]:
    least, most = kind.min_length, kind.max_length
    if (least is not None and length < least) or (most is not None and length > most):
        yield Fault(location, bad_length(_name(location), least, most, of))


def _text_faults(
    value: str, kind: inspect.StrType, location: _Location, remedy: str | None
) -> Iterator[Fault]:
    matches = kind.pattern is None or re.search(kind.pattern, value) is not None
    faults = [*_length_faults(len(value), kind, location, "characters")]
    if remedy is not None and (faults or not matches):
        yield Fault(location, remedy)
    elif faults:
        yield from faults
    elif not matches:
        yield Fault(location, f"`{_name(location)}` does not have the form that /docs describes.")


def _number_faults(
    value: float,
    kind: inspect.IntType | inspect.FloatType,
    location: _Location,
    _: str | None,
) -> Iterator[Fault]:
    within = (
        (kind.ge is None or value >= kind.ge)
        and (kind.gt is None or value > kind.gt)
        and (kind.le is None or value <= kind.le)
        and (kind.lt is None or value < kind.lt)
        and (kind.multiple_of is None or value % kind.multiple_of == 0)
    )
    if not within:
        yield Fault(location, out_of_range(_name(location), kind))


def _choice_faults(
    value: Any,
    kind: inspect.LiteralType | inspect.EnumType,
    location: _Location,
    _: str | None,
) -> Iterator[Fault]:
    if isinstance(kind, inspect.LiteralType):
        allowed = list(kind.values)
    else:
        allowed = [each.value for each in kind.cls]
    if value not in allowed:
        yield Fault(location, one_of(_name(location), allowed))


def _time_faults(
    value: str, kind: inspect.DateTimeType, location: _Location, _: str | None
) -> Iterator[Fault]:
    try:
        at = msgspec.convert(value, datetime)
    except msgspec.ValidationError:
        yield Fault(location, f"`{_name(location)}` is not a time. {TIME_REMEDY}")
        return
    if kind.tz is True and at.tzinfo is None:
        message = f"`{_name(location)}` has no offset from UTC. Add `Z` or one such as `+02:00`."
        yield Fault(location, message)


def _anything(*_: Any) -> Iterator[Fault]:
    return iter(())


def _name(location: _Location) -> str:
    """The member that a sentence is about: of an item, its list."""
    named = [part for part in location if not part.isdecimal()]
    return named[-1]


_CHECKS: Final[dict[type[inspect.Type], Callable[..., Iterator[Fault]]]] = {
    inspect.StructType: _struct_faults,
    inspect.DictType: _dict_faults,
    inspect.ListType: _list_faults,
    inspect.VarTupleType: _list_faults,
    inspect.StrType: _text_faults,
    inspect.IntType: _number_faults,
    inspect.FloatType: _number_faults,
    inspect.LiteralType: _choice_faults,
    inspect.EnumType: _choice_faults,
    inspect.DateTimeType: _time_faults,
    inspect.BoolType: _anything,
    inspect.NoneType: _anything,
    inspect.AnyType: _anything,
    inspect.RawType: _anything,
}
_PYTHON_TYPES: Final[dict[type[inspect.Type], type]] = {
    inspect.StructType: dict,
    inspect.DictType: dict,
    inspect.ListType: list,
    inspect.VarTupleType: list,
    inspect.StrType: str,
    inspect.DateTimeType: str,
    inspect.BoolType: bool,
    inspect.NoneType: type(None),
    inspect.AnyType: object,
    inspect.RawType: object,
}
