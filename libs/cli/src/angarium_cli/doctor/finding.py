"""What a check found."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """How it stands. A warning may become a problem; a problem needs somebody."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


@dataclass(frozen=True, slots=True)
class Finding:
    """One sentence about `subject` and, unless all is well, what to do. Neither holds a secret."""

    level: Level
    subject: str
    sentence: str
    remedy: str | None = None


def ok(subject: str, sentence: str) -> Finding:
    """All is well."""
    return Finding(Level.OK, subject, sentence)


def warning(subject: str, sentence: str, remedy: str) -> Finding:
    """It works, but not for ever."""
    return Finding(Level.WARNING, subject, sentence, remedy)


def problem(subject: str, sentence: str, remedy: str) -> Finding:
    """It does not work."""
    return Finding(Level.PROBLEM, subject, sentence, remedy)


def worst(findings: Sequence[Finding]) -> Level:
    """The level of them all together."""
    levels = {finding.level for finding in findings}
    return next((level for level in (Level.PROBLEM, Level.WARNING) if level in levels), Level.OK)


def lasted(seconds: float) -> str:
    """A span of time for people: 12 s, 4 min, 3 h, 2 days."""
    for unit, length_s in (("days", 172_800), ("h", 7_200), ("min", 120)):
        if seconds >= length_s:
            return f"{seconds / {'days': 86_400, 'h': 3_600, 'min': 60}[unit]:.0f} {unit}"
    return f"{seconds:.0f} s"


def counted(count: int, thing: str, things: str | None = None) -> str:
    """`1 batch`, `2 batches`."""
    return f"{count:,} {thing if count == 1 else things or f'{thing}s'}"
