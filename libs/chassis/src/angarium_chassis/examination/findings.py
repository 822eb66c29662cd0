"""Findings about a platform: what is well, what may become a problem, and what is one."""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum


class Level(StrEnum):
    """Severity. A warning may become a problem; a problem needs action."""

    OK = "ok"
    WARNING = "warning"
    PROBLEM = "problem"


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
