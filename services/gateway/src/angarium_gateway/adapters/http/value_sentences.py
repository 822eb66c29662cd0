"""Sentences about values that are not what a field or parameter takes: what to send instead."""

import difflib
from collections.abc import Sequence
from typing import Any, Final

from msgspec import inspect

from .schemas.fields import REMEDY

TIME_REMEDY: Final = "Write the time as 2030-12-31T23:59:59Z (RFC 3339)."

_KINDS: Final[dict[type[inspect.Type], str]] = {
    inspect.StrType: "text",
    inspect.IntType: "a whole number",
    inspect.FloatType: "a number",
    inspect.BoolType: "`true` or `false`",
    inspect.DateTimeType: "a time such as `2030-12-31T23:59:59Z`",
    inspect.ListType: "a list",
    inspect.VarTupleType: "a list",
    inspect.DictType: "an object",
    inspect.StructType: "an object",
    inspect.NoneType: "`null`",
    inspect.RawType: "JSON",
    inspect.AnyType: "JSON",
}


def plain_type(kind: inspect.Type) -> tuple[inspect.Type, str | None]:
    """The type without its metadata, and the remedy that it declares."""
    remedy: str | None = None
    while isinstance(kind, inspect.Metadata):
        remedy = (kind.extra or {}).get(REMEDY, remedy)
        kind = kind.type
    return kind, remedy


def kinds_of(kind: inspect.Type) -> tuple[inspect.Type, ...]:
    """The alternatives of a union; of any other type itself."""
    plain, _ = plain_type(kind)
    return plain.types if isinstance(plain, inspect.UnionType) else (kind,)


def did_you_mean(name: str, known: Sequence[str]) -> str:
    """The known name that an unknown one was probably meant to be, or where to find all."""
    folded = {each.replace("_", "").lower(): each for each in known}
    nearest = difflib.get_close_matches(name.replace("_", "").lower(), folded, n=1, cutoff=0.6)
    if nearest:
        return f"Did you mean `{folded[nearest[0]]}`?"
    if not known:
        return "Leave it out."
    return f"Leave it out, or use one of {', '.join(f'`{each}`' for each in known)}."


def wrong_kind(name: str, kind: inspect.Type) -> str:
    """`name` got another JSON type."""
    plain, _ = plain_type(kind)
    named = [_words(each) for each in kinds_of(plain)]
    return f"`{name}` must be {' or '.join(dict.fromkeys(named))}."


def one_of(name: str, allowed: list[Any]) -> str:
    """`name` is none of these."""
    listed = ", ".join(f"`{each}`" for each in allowed)
    return (
        f"`{name}` must be one of {listed}." if len(allowed) > 1 else f"`{name}` must be {listed}."
    )


def bad_length(name: str, least: int | None, most: int | None, of: str) -> str:
    """`name` is too short or too long; `of` is what it consists of."""
    if most is None:
        return f"`{name}` must have at least {least} {of}." if least != 1 else _not_empty(name)
    if not least:
        return f"`{name}` must have at most {most} {of}."
    return f"`{name}` must have {least} to {most} {of}."


def out_of_range(name: str, kind: inspect.IntType | inspect.FloatType) -> str:
    """`name` is a number outside its bounds."""
    least = f"at least {kind.ge}" if kind.ge is not None else f"above {kind.gt}"
    most = f"at most {kind.le}" if kind.le is not None else f"below {kind.lt}"
    bounds = [
        words
        for words, given in (
            (least, (kind.ge, kind.gt) != (None, None)),
            (most, (kind.le, kind.lt) != (None, None)),
        )
        if given
    ]
    if kind.multiple_of is not None:
        bounds.append(f"a multiple of {kind.multiple_of}")
    return f"`{name}` must be {' and '.join(bounds)}."


def _words(kind: inspect.Type) -> str:
    plain, _ = plain_type(kind)
    if isinstance(plain, inspect.LiteralType):
        return " or ".join(f"`{each}`" for each in plain.values)
    if isinstance(plain, inspect.EnumType):
        return " or ".join(f"`{each.value}`" for each in plain.cls)
    return _KINDS.get(type(plain), "as the documentation at /docs describes it")


def _not_empty(name: str) -> str:
    return f"`{name}` must not be empty."
