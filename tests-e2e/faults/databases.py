"""What the databases say of messages, asked past the platform."""

import asyncio
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import asyncpg
from angarium_chassis.database.engine import open_database
from angarium_chassis.statistics.rollup_audit import Difference
from angarium_contracts.attempts import AttemptStatus
from angarium_contracts.ids import APPLICATION, MESSAGE, format_id, parse_id
from angarium_gateway.examination.statistics import audited_rollups as audited_messages
from angarium_worker.examination.statistics import audited_cancellations
from angarium_worker.examination.statistics import audited_rollups as audited_attempts

_TIMEOUT_S = 30.0
_EVER_US = (0, 4_000_000_000_000_000)


@dataclass(frozen=True, slots=True)
class Books:
    """An application's messages in the databases, by message id."""

    journal: set[str]
    successes: Counter[str]
    failures: Counter[str]
    numbers: dict[str, list[int]]
    """The numbers of the attempts of a message, sorted."""
    pending: set[str]
    cancelled: set[str] = field(default_factory=set)


class Databases:
    """Reads the databases of a stage; every call opens connections of its own."""

    def __init__(self, urls: dict[str, str]) -> None:
        self._urls = urls

    def books(self, app: str) -> Books:
        """All of one application, whose path is `app`."""
        application = parse_id(APPLICATION, app.rpartition("/")[2])
        journal = self.rows(
            "gateway", "select id from message where application_id = $1", application
        )
        attempts = self.rows(
            "worker",
            "select message_id, status, number from attempt where application_id = $1",
            application,
        )
        pending = self.rows(
            "worker",
            "select message_id from pending_delivery where application_id = $1",
            application,
        )
        successes: Counter[str] = Counter()
        failures: Counter[str] = Counter()
        numbers: dict[str, list[int]] = {}
        for message_id, status, number in attempts:
            name = format_id(MESSAGE, message_id)
            (successes if status == AttemptStatus.SUCCESS.value else failures)[name] += 1
            numbers.setdefault(name, []).append(number)
        return Books(
            journal={format_id(MESSAGE, row[0]) for row in journal},
            successes=successes,
            failures=failures,
            numbers={name: sorted(found) for name, found in numbers.items()},
            pending={format_id(MESSAGE, row[0]) for row in pending},
        )

    def open_batches(self) -> int:
        """Batches that are not settled."""
        return int(self.rows("gateway", "select count(*) from batch")[0][0])

    def open_messages(self) -> int:
        """Messages in batches that are not settled, and deliveries that are pending."""
        query = "select coalesce(sum(length(message_refs)) / 32, 0) from batch"
        in_batches = int(self.rows("gateway", query)[0][0])
        pending = int(self.rows("worker", "select count(*) from pending_delivery")[0][0])
        return in_batches + pending

    def statistics_differences(self) -> list[Difference]:
        """Statistics that differ from a count of what is on record. Raises CONNECTION_ERRORS."""
        return asyncio.run(self._statistics_differences())

    async def _statistics_differences(self) -> list[Difference]:
        found = []
        for service, audited_of in (
            ("gateway", audited_messages),
            ("worker", audited_attempts),
            ("worker", audited_cancellations),
        ):
            database = open_database(self._urls[service], connections_max=1)
            try:
                audited = audited_of(database)
                async for owner in audited.owners(database, *_EVER_US):
                    found += await audited.differences(database, owner, *_EVER_US)
            finally:
                await database.close()
        return found

    def uncounted(self) -> int:
        """Rows that statistics do not have yet."""
        return sum(
            int(
                self.rows(
                    service,
                    f"select count(*) from {ledger} where recorded_in >="
                    " (select position from rollup_position where ledger = $1)",
                    ledger,
                )[0][0]
            )
            for service, ledger in (
                ("gateway", "message"),
                ("worker", "attempt"),
                ("worker", "cancelled_delivery"),
            )
        )

    def rows(self, service: str, query: str, *values: Any) -> Sequence[Any]:
        """The rows of a query. Raises asyncpg's errors and OSError."""
        return asyncio.run(self._rows(service, query, values))

    async def _rows(self, service: str, query: str, values: Sequence[Any]) -> Sequence[Any]:
        connection = await asyncpg.connect(self._urls[service], timeout=_TIMEOUT_S, ssl=False)
        try:
            found: Sequence[Any] = await connection.fetch(query, *values, timeout=_TIMEOUT_S)
            return found
        finally:
            await connection.close(timeout=_TIMEOUT_S)
