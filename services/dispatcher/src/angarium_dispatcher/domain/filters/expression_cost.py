"""The largest cost that evaluating a filter may have, estimated before it is saved.

A unit is about 50 ns. The estimate assumes the largest input that an evaluation may see:
`VALUES_MAX` values, and `TEXT_CHARS_MAX` characters in them.
"""

from typing import Final, NamedTuple

from .syntax_tree import Call, Constant, Literal, Loop, Name, Node, Select

VALUES_MAX: Final = 1_000
TEXT_CHARS_MAX: Final = 16_384
COST_MAX: Final = 60_000
"""About 3 ms."""

_LINEAR: Final = 10
"""Reading all the text once, to compare or convert it."""
_COMPARED: Final = 2_000
"""Comparing two lists or maps."""
_SEARCHED: Final = {"contains": 1_600, "matches": 2_000}
"""Searching all the text."""
_CHEAP: Final = frozenset(
    {"_&&_", "_||_", "!_", "_?_:_", "@not_strictly_false", "_[_]", "-_", "_-_", "_*_", "_/_", "_%_"}
)
_EQUALITY: Final = frozenset({"_==_", "_!=_"})
_COMPARISONS: Final = _EQUALITY | {"@in"}


class TooExpensive(Exception):
    """An expression that is refused because of its cost. The message says what to change."""


class Cost(NamedTuple):
    """`each`: for every evaluation. `shared`: for the evaluations of a macro's elements together,
    since the text of all elements is bounded, not that of each."""

    each: int = 1
    shared: int = 0


def check_cost(tree: Node) -> None:
    """Check that no message makes the expression slow. Raises `TooExpensive`."""
    cost = _cost(tree, frozenset())
    if cost.each + cost.shared > COST_MAX:
        raise TooExpensive(
            "The filter can take too long. Do not nest `all`, `exists` and `exists_one`, and"
            " inside them search only the element itself with `contains` and `matches`."
        )


def _cost(node: Node, elements: frozenset[str]) -> Cost:
    """`elements` are the variables of the innermost macro."""
    match node:
        case Constant() | Name():
            return Cost()
        case Select(operand=operand):
            return _sum([_cost(operand, elements)])
        case Literal(elements=parts):
            return _sum([_cost(part, elements) for part in parts])
        case Call():
            return _call_cost(node, elements)
        case Loop(names=names, over=over, once=once, each=each):
            outside = _sum([_cost(part, elements) for part in (over, *once)])
            inside = _sum([_cost(part, frozenset(names)) for part in each])
            return Cost(outside.each + inside.each * VALUES_MAX + inside.shared, outside.shared)


def _call_cost(call: Call, elements: frozenset[str]) -> Cost:
    cost = _sum([_cost(argument, elements) for argument in call.arguments])
    variable = [each for each in call.arguments if not _is_constant(each)]
    own = _own_cost(call, variable)
    # A comparison takes as long as its smaller side; any other function reads all of its text.
    bounded = any if call.function in _EQUALITY else all
    if bounded(_is_of(each, elements) for each in variable):
        return Cost(cost.each, cost.shared + own)
    return Cost(cost.each + own, cost.shared)


def _own_cost(call: Call, variable: list[Node]) -> int:
    if call.function in _CHEAP or not variable:
        return 0
    if call.function in _SEARCHED:
        if len(call.arguments) != 2 or not isinstance(call.arguments[1], Constant):
            raise TooExpensive(
                f"`{call.function}` needs its text between quotes, as in"
                f' `payload.name.{call.function}("text")`.'
            )
        return _SEARCHED[call.function]
    if call.function in _COMPARISONS and len(variable) > 1:
        return _COMPARED
    return _LINEAR


def _is_constant(node: Node) -> bool:
    if isinstance(node, Literal):
        return all(isinstance(each, Constant) for each in node.elements)
    return isinstance(node, Constant)


def _is_of(node: Node, elements: frozenset[str]) -> bool:
    """True for an element of the innermost macro, or a member of it."""
    while isinstance(node, Select):
        node = node.operand
    return isinstance(node, Name) and node.name in elements


def _sum(costs: list[Cost]) -> Cost:
    return Cost(1 + sum(cost.each for cost in costs), sum(cost.shared for cost in costs))
