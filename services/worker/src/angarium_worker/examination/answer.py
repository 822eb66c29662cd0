"""The worker's answer to `ExamineService`."""

from angarium_chassis.database.engine import Database
from angarium_chassis.examination.examined import examined
from angarium_chassis.examination.findings import Finding
from angarium_chassis.examination.service_database import examine_database, read_or_none
from angarium_chassis.sealing import Seal
from angarium_contracts.examination import ExamineService, ServiceExamined

from angarium_worker.adapters.database.schema import SCHEMA

from . import directory_version
from .deliveries import read_pending
from .delivery_checks import judge_pending


class WorkerExamination:
    """Examines the worker's database."""

    def __init__(self, database: Database, seal: Seal) -> None:
        self._database = database
        self._seal = seal

    async def __call__(self, question: ExamineService) -> ServiceExamined:
        """Findings about the database, its overdue deliveries and lanes."""

        async def pending() -> list[Finding]:
            state = await read_pending(self._database, older_than_s=question.older_than_s)
            return judge_pending(state)

        findings = await examine_database(
            "worker", SCHEMA, self._database, self._seal, {"worker deliveries": pending}
        )
        return examined(findings, await read_or_none(directory_version(self._database)))
