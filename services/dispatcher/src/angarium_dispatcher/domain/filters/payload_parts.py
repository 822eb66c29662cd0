"""The parts of a payload that a filter names.

Converting a value for the CEL library takes about 0.3 µs for each value in it, so only the parts
that the expression names are converted, and only so many.
"""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from .expression_cost import TEXT_CHARS_MAX, VALUES_MAX
from .syntax_tree import Loop, Name, Node, Select, children

PAYLOAD: Final = "payload"

type Parts = dict[str, "Parts | None"]
"""Members by name; None takes a member as a whole."""


class TooMuchInput(Exception):
    """The parts of a payload that a filter names are too large."""

    def __init__(self) -> None:
        super().__init__(
            f"What the filter names in the payload has more than {VALUES_MAX} values or"
            f" {TEXT_CHARS_MAX:,} characters."
        )


def parts_named(tree: Node) -> Parts | None:
    """The members of the payload that an expression names; None if it uses the payload as a
    whole."""
    parts: Parts = {}
    for path in _paths(tree):
        if not path:
            return None
        _add(parts, path)
    return parts


def picked(payload: Mapping[str, Any], parts: Parts | None) -> Mapping[str, Any]:
    """The payload with only these parts. Raises `TooMuchInput`."""
    if parts is None:
        _check_size([payload])
        return payload
    whole: list[Any] = []
    found = _picked(payload, parts, whole)
    _check_size(whole)
    return found


def _paths(tree: Node) -> Iterable[tuple[str, ...]]:
    waiting: list[tuple[Node, bool]] = [(tree, False)]
    while waiting:
        node, shadowed = waiting.pop()
        path = None if shadowed else _path(node)
        if path is not None:
            yield path
        elif isinstance(node, Loop):
            waiting += [(node.over, shadowed), *((each, shadowed) for each in node.once)]
            inside = shadowed or PAYLOAD in node.names
            waiting += [(each, inside) for each in node.each]
        else:
            waiting += [(each, shadowed) for each in children(node)]


def _path(node: Node) -> tuple[str, ...] | None:
    names: list[str] = []
    while isinstance(node, Select):
        names.append(node.field)
        node = node.operand
    is_payload = isinstance(node, Name) and node.name.removeprefix(".") == PAYLOAD
    return tuple(reversed(names)) if is_payload else None


def _add(parts: Parts, path: tuple[str, ...]) -> None:
    *way, last = path
    for name in way:
        under = parts.setdefault(name, {})
        if under is None:
            return
        parts = under
    parts[last] = None


def _picked(value: Mapping[str, Any], parts: Parts, whole: list[Any]) -> dict[str, Any]:
    found: dict[str, Any] = {}
    for name, under in parts.items():
        if name not in value:
            continue
        member = value[name]
        if under is not None and isinstance(member, dict):
            found[name] = _picked(member, under, whole)
        else:
            whole.append(member)
            found[name] = member
    return found


def _check_size(values: list[Any]) -> None:
    waiting = values
    values_left, chars_left = VALUES_MAX, TEXT_CHARS_MAX
    while waiting:
        values_left -= len(waiting)
        if values_left < 0:
            raise TooMuchInput
        following: list[Any] = []
        for value in waiting:
            if isinstance(value, str):
                chars_left -= len(value)
            elif isinstance(value, dict):
                chars_left -= sum(map(len, value))
                following += value.values()
            elif isinstance(value, list):
                following += value
        if chars_left < 0:
            raise TooMuchInput
        waiting = following
