"""The syntax tree of a checked CEL expression, read from its serialized form.

The form is `cel.expr.CheckedExpr` (github.com/google/cel-spec, proto/cel/expr), which the CEL
library wraps in `google.protobuf.Any`. The library gives no other access to the tree, and there
is no package with these message types, so the few fields needed are read here.
"""

from collections.abc import Iterator
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Constant:
    """A literal. `text`: a string or bytes."""

    text: bool


@dataclass(frozen=True, slots=True)
class Name:
    """A variable, of the message or of a macro."""

    name: str


@dataclass(frozen=True, slots=True)
class Select:
    """`operand.field`, or with `test` the macro `has(operand.field)`."""

    operand: "Node"
    field: str
    test: bool


@dataclass(frozen=True, slots=True)
class Call:
    """A function or an operator such as `_==_`. The target of a method is the first argument."""

    function: str
    arguments: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Literal:
    """A list, map or message that the expression writes out."""

    elements: tuple["Node", ...]


@dataclass(frozen=True, slots=True)
class Loop:
    """A macro over a list or map, such as `all` or `exists`. `each` is evaluated once for every
    element, as the variables `names`; `once` is evaluated once."""

    names: tuple[str, ...]
    over: "Node"
    once: tuple["Node", ...]
    each: tuple["Node", ...]


type Node = Constant | Name | Select | Call | Literal | Loop

_ANY_VALUE = 2
_CHECKED_EXPR = 4
_LENGTH_DELIMITED = 2
_FIXED_BYTES = {1: 8, 5: 4}


def tree_of(serialized: bytes) -> Node:
    """The tree of a serialized expression. Raises `ValueError` for any other bytes."""
    checked = _message(_one(_fields(serialized), _ANY_VALUE))
    return _node(_message(_one(checked, _CHECKED_EXPR)))


def walk(node: Node) -> Iterator[Node]:
    """The node and all nodes under it."""
    waiting = [node]
    while waiting:
        current = waiting.pop()
        yield current
        waiting += children(current)


def children(node: Node) -> tuple[Node, ...]:
    """The nodes directly under a node."""
    match node:
        case Constant() | Name():
            return ()
        case Select(operand=operand):
            return (operand,)
        case Call(arguments=arguments):
            return arguments
        case Literal(elements=elements):
            return elements
        case Loop(over=over, once=once, each=each):
            return (over, *once, *each)


type _Fields = dict[int, list[bytes | int]]


def _node(expression: _Fields) -> Node:
    for number, read in _KINDS.items():
        if number in expression:
            return read(_message(_one(expression, number)))
    return Constant(text=False)


def _constant(fields: _Fields) -> Node:
    return Constant(text=6 in fields or 7 in fields)


def _name(fields: _Fields) -> Node:
    return Name(_text(fields, 1))


def _select(fields: _Fields) -> Node:
    return Select(_child(fields, 1), _text(fields, 2), test=3 in fields)


def _call(fields: _Fields) -> Node:
    return Call(_text(fields, 2), (*_nodes(fields, 1), *_nodes(fields, 3)))


def _list(fields: _Fields) -> Node:
    return Literal(_nodes(fields, 1))


def _struct(fields: _Fields) -> Node:
    entries = [_message(entry) for entry in fields.get(2, ())]
    return Literal(
        tuple(node for entry in entries for number in (3, 4) for node in _nodes(entry, number))
    )


def _loop(fields: _Fields) -> Node:
    names = [_text(fields, number) for number in (1, 8) if number in fields]
    return Loop(
        tuple(names),
        _child(fields, 2),
        (_child(fields, 4), _child(fields, 7)),
        (_child(fields, 5), _child(fields, 6)),
    )


_KINDS = {3: _constant, 4: _name, 5: _select, 6: _call, 7: _list, 8: _struct, 9: _loop}


def _child(fields: _Fields, number: int) -> Node:
    return _node(_message(_one(fields, number)))


def _nodes(fields: _Fields, number: int) -> tuple[Node, ...]:
    return tuple(_node(_message(each)) for each in fields.get(number, ()))


def _text(fields: _Fields, number: int) -> str:
    value = _one(fields, number) if number in fields else b""
    if isinstance(value, int):
        raise ValueError(f"field {number} is not text")  # noqa: TRY004 - as in `_message`
    return value.decode()


def _one(fields: _Fields, number: int) -> bytes | int:
    if number not in fields:
        raise ValueError(f"field {number} is missing")
    return fields[number][-1]


def _message(value: bytes | int) -> _Fields:
    if isinstance(value, int):
        raise ValueError("not a message")  # noqa: TRY004 - the bytes are wrong, not a type
    return _fields(value)


def _fields(data: bytes) -> _Fields:
    """The fields of a message by their numbers; those of fixed length are left out."""
    found: _Fields = {}
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, wire_type = key >> 3, key & 7
        if wire_type in _FIXED_BYTES:
            at += _FIXED_BYTES[wire_type]
            continue
        value, at = _varint(data, at)
        values = found.setdefault(number, [])
        if wire_type == _LENGTH_DELIMITED:
            values.append(data[at : at + value])
            at += value
        else:
            values.append(value)
    return found


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = shift = 0
    while True:
        if at >= len(data):
            raise ValueError("the bytes end early")
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value, at
        shift += 7
