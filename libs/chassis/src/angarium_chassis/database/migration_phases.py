"""A service's migrations, and the part of them that each phase of a rolling upgrade runs.

A migration of the phase `before` only adds: processes of the earlier version work on its schema.
One of the phase `after` removes or restricts something that only the earlier version uses; it sets
`phase = "after"` beside its revision, and runs once no process of that version is left. The new
version works on the schema without it.
"""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.resources import files
from itertools import takewhile
from typing import Literal, get_args

type Phase = Literal["before", "after"]
PHASES: tuple[Phase, ...] = get_args(Phase.__value__)


class PhaseRefused(Exception):
    """The phase cannot be run. The text says why, and what to do."""


@dataclass(frozen=True, slots=True)
class Migration:
    """A migration, as its file describes it.

    `works_from` is the oldest revision whose code works on its schema. One of the `paragraphs` of
    its docstring begins with "Deploy" and says when to run it.
    """

    revision: str
    phase: Phase
    works_from: str
    paragraphs: tuple[str, ...]


def read_migrations(package: str) -> list[Migration]:
    """All migrations of a package, oldest first. Nothing is imported."""
    found = []
    for file in (files(package) / "migrations" / "versions").iterdir():
        if file.name.endswith(".py"):
            revision = file.name.partition("_")[0]
            found.append(_described(revision, ast.parse(file.read_text(encoding="utf-8"))))
    return sorted(found, key=lambda each: each.revision)


def oldest_schema(migrations: Sequence[Migration]) -> str:
    """The oldest revision on which the version with these migrations starts: that of the last
    migration which must run before it."""
    return max(each.revision for each in migrations if each.phase == "before")


def migrations_of_phase(
    pending: Sequence[Migration], phase: Phase, *, fresh: bool
) -> Sequence[Migration]:
    """The first of the pending migrations, as far as they are of the phase.

    On a `fresh` database, which no process uses yet, `before` is all of them. Raises `PhaseRefused`
    if the phase would leave a schema on which this version does not start.
    """
    if fresh:
        return pending if phase == "before" else ()
    leading = list(takewhile(lambda each: each.phase == phase, pending))
    rest = pending[len(leading) :]
    if phase == "before" and any(each.phase == "before" for each in rest):
        raise PhaseRefused(_why_not_before(rest[0].revision, is_next=not leading))
    if phase == "after" and rest and not leading:
        raise PhaseRefused(
            f"migration {rest[0].revision} must run first; run `angarium migrate --phase before`,"
            " replace every process by this version, then run `--phase after`"
        )
    return leading


def _why_not_before(waiting: str, *, is_next: bool) -> str:
    if is_next:
        return (
            f"migration {waiting} of the running version has not run; when no process of an earlier"
            " version is left, run `angarium migrate --phase after`, then `--phase before` again"
        )
    return (
        f"migration {waiting} must run between others, when no process of an earlier version is"
        " left; upgrade to the version that added it first, or stop all services and run `angarium"
        " migrate`"
    )


def _described(revision: str, module: ast.Module) -> Migration:
    constants = {
        target.id: statement.value.value
        for statement in module.body
        if isinstance(statement, ast.Assign) and isinstance(statement.value, ast.Constant)
        for target in statement.targets
        if isinstance(target, ast.Name)
    }
    phase = constants.get("phase", "before")
    if phase not in PHASES:
        raise ValueError(f"migration {revision}: phase must be one of {', '.join(PHASES)}")
    text = ast.get_docstring(module) or ""
    paragraphs = (
        " ".join(each.split()) for each in text.split("\n\n") if not each.startswith("Revision ID")
    )
    works_from = str(constants.get("works_from", revision))
    return Migration(revision, phase, works_from, tuple(paragraphs))
