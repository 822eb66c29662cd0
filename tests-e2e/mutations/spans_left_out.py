"""The places of a module that `make mutate` leaves as they are, because no test should notice."""

import ast
from collections.abc import Iterable, Iterator

type Span = tuple[tuple[int, int], tuple[int, int]]
"""Line and column of its start, and of its end."""

LARGE = 1_000
DATABASE_CLOCKS = frozenset({"now", "_NOW", "_AT", "_now_us"})
"""What the adapters of databases call it. Clocks that tests set have other names."""


def spans_left_out(code: str) -> list[Span]:
    """Annotations, the options of classes and of `dataclass`, `__repr__`, calls of the log, texts
    of errors, the option `strict` of `zip`, and module constants that are made of numbers and
    other constants only, and numbers from a thousand on."""
    tree = ast.parse(code)
    nodes = [node for each in ast.walk(tree) for node in _left_out(each)]
    nodes += [node for each in tree.body for node in _numbers(each)]
    return _spans(nodes)


def instants(code: str) -> list[Span]:
    """Comparisons with the database's clock, which no test can meet at the very microsecond:
    `<` is as good as `<=` there."""
    return _spans(
        [
            node
            for node in ast.walk(ast.parse(code))
            if isinstance(node, ast.Compare) and any(map(_is_clock, ast.walk(node)))
        ]
    )


def _is_clock(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name in DATABASE_CLOCKS
    return False


def _spans(nodes: Iterable[ast.expr | ast.stmt | ast.keyword]) -> list[Span]:
    return [
        ((node.lineno, node.col_offset), (node.end_lineno, node.end_col_offset))
        for node in nodes
        if node.end_lineno is not None and node.end_col_offset is not None
    ]


def _left_out(node: ast.AST) -> Iterator[ast.expr | ast.stmt | ast.keyword]:
    match node:
        case ast.FunctionDef(name="__repr__"):
            yield node
        case ast.AnnAssign(annotation=expression) | ast.TypeAlias(value=expression):
            yield expression
        case (
            ast.arg(annotation=ast.expr() as expression)
            | ast.FunctionDef(returns=ast.expr() as expression)
            | ast.AsyncFunctionDef(returns=ast.expr() as expression)
        ):
            yield expression
        case ast.ClassDef(keywords=keywords, decorator_list=decorators):
            yield from keywords
            yield from decorators
        case ast.Raise(exc=ast.Call(args=arguments)):
            yield from (each for each in arguments if isinstance(each, ast.JoinedStr))
        case (
            ast.Call(func=ast.Attribute(value=ast.Name(id="log")))
            | ast.If(test=ast.Call(func=ast.Name(id="debugs")))
        ):
            yield node
        case ast.Call(func=ast.Name(id="zip"), keywords=keywords):
            yield from keywords
        case ast.Constant(value=int() | float() as number) if abs(number) >= LARGE:
            # It is changed by one only, which nobody can observe of microseconds or bytes.
            yield node


def _numbers(statement: ast.stmt) -> Iterator[ast.expr]:
    """The value of a constant that only tunes, such as `WRITE_TIMEOUT_S = 5.0`."""
    match statement:
        case ast.Assign(value=value) | ast.AnnAssign(value=ast.expr() as value):
            if all(_is_number(each) for each in ast.walk(value)):
                yield value


def _is_number(node: ast.AST) -> bool:
    match node:
        case ast.Name(id=name):
            return name.isupper()
        case ast.Constant(value=value):
            return isinstance(value, int | float)
    computed = ast.Tuple | ast.BinOp | ast.UnaryOp | ast.operator | ast.unaryop | ast.Load
    return isinstance(node, computed)
