"""The findings of `angarium doctor`, and their two forms of output."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

from rich.console import Console
from rich.text import Text

from angarium_cli.wording import counted


class Level(StrEnum):
    """Severity. A warning may become a problem; a problem needs action."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


@dataclass(frozen=True, slots=True)
class Finding:
    """A sentence about `subject` and, except at level OK, a remedy. Neither holds a secret."""

    level: Level
    subject: str
    sentence: str
    remedy: str | None = None


def ok(subject: str, sentence: str) -> Finding:
    """A finding that needs no action."""
    return Finding(Level.OK, subject, sentence)


def warning(subject: str, sentence: str, remedy: str) -> Finding:
    """A finding about something that works, but may not for long."""
    return Finding(Level.WARNING, subject, sentence, remedy)


def problem(subject: str, sentence: str, remedy: str) -> Finding:
    """A finding about something that does not work."""
    return Finding(Level.PROBLEM, subject, sentence, remedy)


def worst(findings: Sequence[Finding]) -> Level:
    """The most severe level of all findings."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.PROBLEM, Level.WARNING) if level in levels), Level.OK)


def as_json(name: str, findings: Sequence[Finding]) -> str:
    """One object: `platform`, `level` (the worst) and `findings`, in the order of the checks."""
    return json.dumps(
        {
            "platform": name,
            "level": worst(findings),
            "findings": [asdict(finding) for finding in findings],
        },
        indent=2,
    )


def show(name: str, findings: Sequence[Finding], console: Console) -> None:
    """Print each finding with its remedy below, then a verdict."""
    console.print(Text(f"Checked {name}."), soft_wrap=True)
    width = max((len(finding.subject) for finding in findings), default=0)
    for finding in findings:
        line = Text(f"{finding.level:<8} ", _STYLES[finding.level])
        line.append(f"{finding.subject:<{width}}  ", "bold").append(finding.sentence, "default")
        console.print(line, soft_wrap=True)
        if finding.remedy is not None:
            console.print(Text(f"         {'':<{width}}  {finding.remedy}", "dim"), soft_wrap=True)
    console.print(Text(_verdict(findings), _STYLES[worst(findings)]), soft_wrap=True)


def _verdict(findings: Sequence[Finding]) -> str:
    problems = sum(finding.level is Level.PROBLEM for finding in findings)
    warnings = sum(finding.level is Level.WARNING for finding in findings)
    if problems:
        also = f" and {counted(warnings, 'warning')}" if warnings else ""
        return f"{counted(problems, 'problem')}{also}."
    if warnings:
        return f"It works; {counted(warnings, 'warning')}."
    return "All is well."
