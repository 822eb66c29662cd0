"""Members that a JSON object has more than once.

JSON allows them, and decoders keep one of the values (RFC 8259, section 4). A request of which a
part is dropped must not succeed, so bodies with such members are refused.
"""

import functools
import json
from collections.abc import Iterator
from typing import Any

from msgspec import inspect

from .value_sentences import kinds_of, plain_type

type _Location = tuple[str, ...]


class _Members(list[tuple[str, Any]]):
    """The members of an object in their order, repeats included."""


_decoder = json.JSONDecoder(
    object_pairs_hook=_Members, parse_int=str, parse_float=str, parse_constant=str
)


def repeated_member(text: bytes, shape: Any) -> _Location | None:
    """The place of the first repeated member of a JSON text of this shape, or None.

    Members that are passed on as they came, such as `payload`, may have repeats within.
    """
    found = _repeats(_decoder.decode(text.decode()), _kind_of(shape), ("body",))
    return next(found, None)


@functools.cache
def _kind_of(shape: Any) -> inspect.Type:
    return inspect.type_info(shape)


def _repeats(value: Any, kind: inspect.Type, location: _Location) -> Iterator[_Location]:
    kinds = [plain_type(each)[0] for each in kinds_of(kind)]
    if any(isinstance(each, inspect.RawType) for each in kinds):
        return
    if isinstance(value, _Members):
        seen = set[str]()
        for name, member in value:
            if name in seen:
                yield (*location, name)
            seen.add(name)
            yield from _repeats(member, _member_kind(name, kinds), (*location, name))
    elif isinstance(value, list):
        for number, item in enumerate(value):
            yield from _repeats(item, _item_kind(kinds), (*location, str(number)))


def _member_kind(name: str, kinds: list[inspect.Type]) -> inspect.Type:
    for kind in kinds:
        match kind:
            case inspect.StructType():
                for field in kind.fields:
                    if field.encode_name == name:
                        return field.type
            case inspect.DictType():
                return kind.value_type
    return inspect.AnyType()


def _item_kind(kinds: list[inspect.Type]) -> inspect.Type:
    for kind in kinds:
        if isinstance(kind, inspect.ListType | inspect.VarTupleType):
            return kind.item_type
    return inspect.AnyType()
