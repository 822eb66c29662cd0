"""The two forms of output of `angarium doctor`."""

import json
from collections.abc import Sequence
from dataclasses import asdict

from angarium_chassis.examination.findings import Finding, Level, worst
from angarium_chassis.wording import counted
from rich.console import Console
from rich.text import Text

_STYLES = {Level.OK: "green", Level.WARNING: "yellow", Level.PROBLEM: "bold red"}


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
