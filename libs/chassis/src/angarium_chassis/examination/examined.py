"""Findings as services send them to each other."""

from collections.abc import Sequence

from angarium_contracts.examination import ServiceExamined, ServiceFinding

from .findings import Finding, Level


def examined(findings: Sequence[Finding], directory_version: int | None) -> ServiceExamined:
    """The answer to `ExamineService`."""
    return ServiceExamined(
        findings=tuple(
            ServiceFinding(each.level.value, each.subject, each.sentence, each.remedy)
            for each in findings
        ),
        directory_version=directory_version,
    )


def findings_of(answer: ServiceExamined) -> list[Finding]:
    """The findings of an answer. A level that this version does not know is a problem."""
    return [
        Finding(_level(each.level), each.subject, each.sentence, each.remedy)
        for each in answer.findings
    ]


def _level(name: str) -> Level:
    try:
        return Level(name)
    except ValueError:
        return Level.PROBLEM
