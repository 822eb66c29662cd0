"""Examine the platform: each service its own database, the gateway what Redis shows."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Protocol

from angarium_chassis.examination.directory_checks import judge_directory
from angarium_chassis.examination.examined import findings_of
from angarium_chassis.examination.findings import Finding, problem
from angarium_contracts.examination import ExamineService, ServiceExamined
from angarium_contracts.queries import Problem

from angarium_gateway.application.service_query import ServiceQuery

OLDER_THAN_S: Final = 300
"""Seconds for which a batch may be open before it is stuck."""


class OwnExamination(Protocol):
    """Examines the gateway's database."""

    async def __call__(self, question: ExamineService) -> ServiceExamined:
        """Raises nothing for a database that does not answer: that is a finding."""
        ...


class StreamsExamination(Protocol):
    """Examines Redis: the server, the streams with their readers, processes, quarantines."""

    async def examine(self) -> Sequence[Finding]:
        """Raises nothing for a server that does not answer: that is a finding."""
        ...


@dataclass(frozen=True, slots=True)
class Examination:
    """Findings in a fixed order, and how long the examination took."""

    examined_at: datetime
    duration_ms: int
    findings: Sequence[Finding]


class ExaminePlatform:
    """Examines everything at once. Requests that come meanwhile share one examination."""

    def __init__(
        self,
        own: OwnExamination,
        streams: StreamsExamination,
        ask_dispatcher: ServiceQuery,
        ask_worker: ServiceQuery,
        now: Callable[[], datetime],
    ) -> None:
        self._own = own
        self._streams = streams
        self._ask_dispatcher = ask_dispatcher
        self._ask_worker = ask_worker
        self._now = now
        self._running: dict[float, asyncio.Task[Examination]] = {}

    async def __call__(self, older_than_s: float) -> Examination:
        """Examine now. A service that does not answer in time is a finding."""
        running = self._running.get(older_than_s)
        if running is None:
            running = asyncio.create_task(self._examine(older_than_s))
            self._running[older_than_s] = running
            running.add_done_callback(lambda _: self._running.pop(older_than_s, None))
        return await asyncio.shield(running)

    async def _examine(self, older_than_s: float) -> Examination:
        began_at = self._now()
        question = ExamineService(older_than_s=older_than_s)
        streams, own, worker = await asyncio.gather(
            self._streams.examine(),
            self._own(question),
            self._ask_worker(question, ServiceExamined),
        )
        # After the copies: a change in between must not look like a restored backup.
        dispatcher = await self._ask_dispatcher(question, ServiceExamined)
        findings = [
            *streams,
            *findings_of(own),
            *_findings("dispatcher", dispatcher),
            *_findings("worker", worker),
            *_directories({"gateway": own, "worker": worker}, dispatcher),
        ]
        duration = self._now() - began_at
        return Examination(began_at, round(duration.total_seconds() * 1_000), findings)


def _findings(service: str, answer: ServiceExamined | Problem) -> list[Finding]:
    if isinstance(answer, ServiceExamined):
        return findings_of(answer)
    return [
        problem(
            service,
            "It does not answer queries in time.",
            f"Start a {service}, or read the log of the running one. One of an earlier version does"
            " not know this query: finish the upgrade.",
        )
    ]


def _directories(
    copies: dict[str, ServiceExamined | Problem], dispatcher: ServiceExamined | Problem
) -> list[Finding]:
    if isinstance(dispatcher, Problem) or dispatcher.directory_version is None:
        return []
    return [
        found
        for service, copy in copies.items()
        if isinstance(copy, ServiceExamined) and copy.directory_version is not None
        for found in judge_directory(
            service, held=copy.directory_version, directory=dispatcher.directory_version
        )
    ]
