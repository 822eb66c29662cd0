"""Query for what is wrong with a service, answered by each for its own database."""

from .contract import Contract, Part


class ExamineService(Contract, frozen=True, tag="examination.examine/1"):
    """Query: examine the database of the service, and what stands still in it for longer than
    `older_than_s`. Answered by `ServiceExamined`. Reads only."""

    older_than_s: float = 300.0


class ServiceFinding(Part, frozen=True):
    """`level`: "ok" | "warning" | "problem". A sentence about `subject` and, except at the level
    "ok", a remedy. Neither holds a secret."""

    level: str
    subject: str
    sentence: str
    remedy: str | None = None


class ServiceExamined(Contract, frozen=True, tag="examination.examined/1"):
    """`directory_version`: that of the service's copy of the directory, or of the directory itself;
    None if it could not be read."""

    findings: tuple[ServiceFinding, ...]
    directory_version: int | None = None
