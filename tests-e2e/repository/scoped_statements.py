"""Statements on tables that belong to tenants, and the condition that keeps each to its owner.

A function that selects from, updates or deletes from such a table must compare a column of its
owner: `tenant_id`, or for tables below an application, `application_id` or `endpoint_id`, which
callers have resolved within the tenant. A statement in a `.sql` file must name one.
"""

import ast
import importlib
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from sqlalchemy import Table

_BUILDERS = frozenset({"select", "update", "delete", "exists"})
_OWNERS = ("tenant_id", "application_id", "endpoint_id")


@dataclass(frozen=True, slots=True)
class Unscoped:
    """A function, or a file of SQL, that names tables of tenants without such a condition."""

    place: str
    tables: tuple[str, ...]


def unscoped_statements(root: Path, service: str) -> Iterator[Unscoped]:
    """All of a service, in the order of their files. `root` is the repository's."""
    source = root / "services" / service / "src" / f"angarium_{service}"
    declared = importlib.import_module(f"angarium_{service}.adapters.database.tables")
    owned = {
        name: owners_of(table)
        for name, table in vars(declared).items()
        if isinstance(table, Table) and "tenant_id" in table.c
    }
    for path in sorted(source.rglob("*.py")):
        if "migrations" not in path.parts and path.name != "tables.py":
            place = str(path.relative_to(source).with_suffix(""))
            for name, tables in unscoped_functions(path.read_text(), owned):
                yield Unscoped(f"{service}/{place}:{name}", tables)
    for path in sorted(source.rglob("*.sql")):
        tables = unscoped_sql(path.read_text(), owned)
        if tables:
            yield Unscoped(f"{service}/{path.relative_to(source)}", tables)


def owners_of(table: Table) -> frozenset[str]:
    """The columns by which a statement can be kept to the owner of its rows."""
    return frozenset(name for name in _OWNERS if name in table.c)


def unscoped_functions(
    code: str, owned: dict[str, frozenset[str]]
) -> Iterator[tuple[str, tuple[str, ...]]]:
    """The functions of a module that have a statement without a condition, with its tables."""
    tree = ast.parse(code)
    local = {
        alias.asname or alias.name: alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").endswith("tables")
        for alias in node.names
        if alias.name in owned
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and _builds(node):
            compared = set(_compared(node))
            names = {each.id for each in ast.walk(node) if isinstance(each, ast.Name)}
            used = {local[name] for name in names & local.keys()}
            tables = tuple(sorted(name for name in used if not owned[name] & compared))
            if tables:
                yield node.name, tables


def unscoped_sql(text: str, owned: dict[str, frozenset[str]]) -> tuple[str, ...]:
    """The tables that a file of SQL reads or changes, if it names no owner of theirs."""
    return tuple(
        sorted(
            name
            for name, owners in owned.items()
            if re.search(rf"\b(from|join|update|into|using)\s+{name}\b", text, re.IGNORECASE)
            and not any(owner in text for owner in owners)
        )
    )


def _builds(function: ast.AST) -> bool:
    return any(
        isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id in _BUILDERS
        for node in ast.walk(function)
    )


def _compared(function: ast.AST) -> Iterator[str]:
    """Columns that are compared: `table.c.tenant_id == …`, `.in_(…)`, or in a tuple of columns."""
    for node in ast.walk(function):
        match node:
            case ast.Compare(left=left):
                text = ast.unparse(left)
            case ast.Call(func=ast.Attribute(value=value, attr="in_" | "any_")):
                text = ast.unparse(value)
            case _:
                continue
        yield from (owner for owner in _OWNERS if re.search(rf"\.{owner}\b", text))
