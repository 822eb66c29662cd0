"""The three databases of a platform, with rows as the services write them."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from angarium_chassis.database.engine import Database
from angarium_cli.services import ServiceName
from angarium_cli.verify.audit import Audit, Auditor
from angarium_cli.verify.ledgers import IdRange
from angarium_cli.verify.retention import Kept
from angarium_contracts.ids import IdMaker
from angarium_dispatcher.examination import AuditedEndpoints
from angarium_gateway.adapters.database.tables import batch, message
from angarium_gateway.examination.audited_journal import AuditedJournal
from angarium_gateway.examination.journal_state import JournalState, read_journal
from angarium_worker.adapters.database.tables import attempt, cancelled_delivery, pending_delivery
from angarium_worker.examination.deliveries import DeliveryTraces
from sqlalchemy import Table, insert

TENANT, APP, ENDPOINT = b"t" * 16, b"a" * 16, b"e" * 16
EARLIER = datetime(2026, 1, 1, tzinfo=UTC)
ALL_TIME = IdRange(bytes(16), b"\xff" * 16)
NOW_MS = time.time_ns() // 1_000_000
KEPT_FOR_LONG = Kept(90, 90, NOW_MS)

make_id = IdMaker(time.time_ns, lambda bits: 5)


@dataclass(slots=True)
class Platform:
    """The three databases, with rows as the services write them."""

    databases: dict[ServiceName, Database] = field(default_factory=dict)

    async def add(self, service: ServiceName, table: Table, **values: Any) -> None:
        async with self.databases[service].engine.begin() as connection:
            await connection.execute(insert(table).values(**values))

    async def add_message(self, **members: Any) -> bytes:
        values: dict[str, Any] = {
            "id": make_id(),
            "application_id": APP,
            "tenant_id": TENANT,
            "event_type": "invoice.paid",
            "payload": b"{}",
        } | members
        await self.add("gateway", message, **values)
        return bytes(values["id"])

    async def add_batch(self, *message_ids: bytes, owner: str = "x", **members: Any) -> bytes:
        values = {
            "id": min(message_ids),
            "owner": owner,
            "stream_number": 0,
            "publication": 1,
            "published": True,
            "bytes": 2,
            "message_refs": b"".join(APP + each for each in message_ids),
        }
        await self.add("gateway", batch, **values | members)
        return min(message_ids)

    async def add_attempt(self, message_id: bytes, **members: Any) -> None:
        values = {
            "message_id": message_id,
            "id": make_id(),
            "endpoint_id": ENDPOINT,
            "application_id": APP,
            "tenant_id": TENANT,
            "event_type": "invoice.paid",
            "url": "https://example.com",
            "number": 1,
            "status": 0,
            "trigger": 0,
            "response_status": 200,
            "response": b"",
            "duration_ms": 1,
            "ended_at": 1,
        }
        await self.add("worker", attempt, **values | members)

    async def add_pending(self, message_id: bytes, *, due_at: int, **members: Any) -> None:
        values = {
            "message_id": message_id,
            "endpoint_id": ENDPOINT,
            "application_id": APP,
            "tenant_id": TENANT,
            "event_type": "invoice.paid",
            "payload": b"{}",
            "endpoint_version": 1,
            "attempts_made": 1,
            "fence": 0,
            "due_at": due_at,
        }
        await self.add("worker", pending_delivery, **values | members)

    async def add_cancelled(self, message_id: bytes) -> None:
        await self.add(
            "worker",
            cancelled_delivery,
            message_id=message_id,
            endpoint_id=ENDPOINT,
            application_id=APP,
            tenant_id=TENANT,
            event_type="invoice.paid",
            reason="the endpoint was disabled",
            cancelled_at=1,
        )

    async def audit(
        self, within: IdRange = ALL_TIME, kept: Kept = KEPT_FOR_LONG, **journal: Any
    ) -> Audit:
        auditor = Auditor(
            AuditedJournal(self.databases["gateway"], **journal),
            AuditedEndpoints(self.databases["dispatcher"]),
            DeliveryTraces(self.databases["worker"]),
            kept,
            tell=lambda _: None,
        )
        return await auditor.run(within)

    async def journal(self) -> JournalState:
        return await read_journal(self.databases["gateway"], older_than_s=300)
