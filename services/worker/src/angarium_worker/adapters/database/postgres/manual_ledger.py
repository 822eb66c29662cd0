"""Manual changes of deliveries on Postgres: one statement and one round trip for each call."""

from collections.abc import Sequence
from functools import partial

from angarium_chassis.database.engine import Database
from angarium_chassis.database.named_statement import named_statement

from angarium_worker.adapters.database.attempt_bounds import first_attempt_id
from angarium_worker.adapters.database.delivery_rows import RESENT_COLUMNS, resent_values
from angarium_worker.application.ledger.manual_ledger import CancelCount
from angarium_worker.domain.delivery import Delivery

from .statements import PostgresStatements, columns_of_rows

_sql = partial(named_statement, __package__)
_RESEND = _sql("resend")
_CANCEL = _sql("cancel_pending")


class PostgresManualLedger:
    """Implements `ManualLedger`. `lease_s` is the longest that a worker holds a delivery."""

    def __init__(self, database: Database, *, lease_s: float) -> None:
        self._statements = PostgresStatements(database)
        self._lease_us = int(lease_s * 1_000_000)

    async def resend(self, rows: Sequence[Delivery], *, only_missing: bool) -> int:
        """See `ManualLedger`."""
        if not rows:
            return 0
        columns = columns_of_rows(list(map(resent_values, rows)), len(RESENT_COLUMNS))
        first = first_attempt_id(row.message_id for row in rows)
        (row,) = await self._statements.fetch(
            _RESEND, *columns, only_missing, self._lease_us, first
        )
        return int(row[0])

    async def cancel(
        self,
        *,
        message_id: bytes | None,
        endpoint_id: bytes | None,
        reason: str,
        by_hand: bool,
        rows_max: int,
        lease_s: float,
    ) -> CancelCount:
        """See `ManualLedger`."""
        lease_us = int(lease_s * 1_000_000)
        (row,) = await self._statements.fetch(
            _CANCEL, message_id, endpoint_id, reason, by_hand, rows_max, lease_us
        )
        return CancelCount(ended=int(row[1]), marked=int(row[0]))
