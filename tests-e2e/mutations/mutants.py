"""The mutants of a module: cosmic-ray's operators, and the removal of a condition."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any, override

from cosmic_ray.ast import ast_nodes, get_ast
from cosmic_ray.mutating import mutate_code
from cosmic_ray.operators.operator import Operator
from cosmic_ray.plugins import get_operator, operator_names
from parso.python.tree import Name

from .spans_left_out import Span, instants, spans_left_out

_FILTERS = "RemoveTenantFilter"
_AMONG = re.compile(r"[\w.]*\btenant_id\.in_\([^()]*\)")
# Those that change nothing, or what no test should notice: a decorator such as `override`, or an
# identity that becomes an equality or an order, such as `== None` for `is None`, or the reverse.
_LEFT_OUT = re.compile(
    "no_op|NoOp|RemoveDecorator|ExceptionReplacer|VariableReplacer"
    "|_(Is|IsNot)_(?!Is)|_(?!Is)[A-Za-z]+_(Is|IsNot)$"
)
_BY_AN_INSTANT = re.compile("_(Lt_LtE|LtE_Lt|Gt_GtE|GtE_Gt)$")


@dataclass(frozen=True, slots=True)
class Mutant:
    """One change of a module: what an operator does at one of its places, on this line."""

    module: str
    line: int
    operator: str
    occurrence: int

    def apply(self, code: str) -> str:
        """The module's text with the change."""
        return str(mutate_code(code, _operator(self.operator), self.occurrence))

    def changes(self, code: str) -> bool:
        """True if the module means something else with the change, and can be compiled."""
        try:
            changed = compile(self.apply(code), self.module, "exec", dont_inherit=True)
        except SyntaxError:
            return False
        return changed != compile(code, self.module, "exec", dont_inherit=True)

    def changed_line(self, code: str) -> str:
        """The line as it is with the change."""
        return self.apply(code).splitlines()[self.line - 1].strip()


class RemoveTenantFilter(Operator):  # type: ignore[misc]
    """Puts True in the place of a condition on a tenant's id: `==`, or `in_`."""

    @override
    def mutation_positions(self, node: Any) -> Iterator[tuple[Any, Any]]:
        """Where there is one."""
        code = node.get_code()
        compared = node.type == "comparison" and "tenant_id" in code
        if compared or (node.type == "atom_expr" and _AMONG.fullmatch(code.strip())):
            yield node.start_pos, node.end_pos

    @override
    def mutate(self, node: Any, index: int) -> Any:
        """The node that takes its place."""
        return Name("True", node.start_pos, prefix=node.get_first_leaf().prefix)

    @classmethod
    @override
    def examples(cls) -> tuple[Any, ...]:
        """None: this operator is no plug-in."""
        return ()


def mutants_of(module: str, code: str, *, filters_only: bool) -> Iterator[Mutant]:
    """All mutants of a module, by operator and place, except at the places in `spans_left_out`."""
    spans = spans_left_out(code)
    at_clock = spans + instants(code)
    nodes = list(ast_nodes(get_ast(code)))
    for name in [_FILTERS] if filters_only else _operator_names():
        operator = _operator(name)
        places = [
            # The bare `*` before keyword-only parameters is no product.
            None if getattr(node.parent, "type", "") == "parameters" else start
            for node in nodes
            for start, _ in operator.mutation_positions(node)
        ]
        for occurrence, start in enumerate(places):
            left_out = at_clock if _BY_AN_INSTANT.search(name) else spans
            if start is not None and not _within(start, left_out):
                yield Mutant(module, start[0], name, occurrence)


def _within(place: tuple[int, int], spans: Iterable[Span]) -> bool:
    return any(first <= place < last for first, last in spans)


def _operator_names() -> list[str]:
    return [
        name
        for name in operator_names()
        if not _LEFT_OUT.search(name) and not get_operator(name).arguments()
    ]


def _operator(name: str) -> Any:
    return RemoveTenantFilter() if name == _FILTERS else get_operator(name)()
