"""What the gateway tells operators about its own database."""

from collections.abc import Awaitable, Callable

from angarium_chassis.database.engine import Database
from angarium_chassis.examination.examined import examined
from angarium_chassis.examination.findings import Finding
from angarium_chassis.examination.service_database import examine_database, read_or_none
from angarium_chassis.sealing import Seal
from angarium_contracts.examination import ExamineService, ServiceExamined

from angarium_gateway.adapters.database.failures import journal_failures
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.application.platform.platform_state import Backlog

from . import directory_version
from .journal_checks import judge_journal
from .journal_state import read_journal


class GatewayExamination:
    """Implements the ports `OwnExamination` and `BacklogView`.

    `in_streams` counts the entries in all streams; None: they could not be counted.
    """

    def __init__(
        self, database: Database, seal: Seal, in_streams: Callable[[], Awaitable[int | None]]
    ) -> None:
        self._database = database
        self._seal = seal
        self._in_streams = in_streams

    async def __call__(self, question: ExamineService) -> ServiceExamined:
        """See `OwnExamination`."""

        async def journal() -> list[Finding]:
            state = await read_journal(self._database, older_than_s=question.older_than_s)
            return judge_journal(state, in_streams=await self._in_streams())

        findings = await examine_database(
            "gateway", SCHEMA, self._database, self._seal, {"gateway batches": journal}
        )
        return examined(findings, await read_or_none(directory_version(self._database)))

    async def backlog(self) -> Backlog:
        """See `BacklogView`."""
        with journal_failures():
            # Of any age, so that the oldest is that of all.
            state = await read_journal(self._database, older_than_s=0.0)
        oldest_s = state.oldest_s if state.open else None
        return Backlog(state.open, oldest_s, state.set_aside, state.late_s)
