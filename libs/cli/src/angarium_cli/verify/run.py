"""An audit of a platform: its three databases opened, read and closed."""

from contextlib import AsyncExitStack
from typing import cast

from angarium_gateway.settings import Settings as GatewaySettings
from angarium_worker.settings import Settings as WorkerSettings

from angarium_cli.doctor.databases import opened_database
from angarium_cli.doctor.installation import Installation
from angarium_cli.verify.audit import Audit, Auditor, Tell
from angarium_cli.verify.endpoints import AuditedEndpoints
from angarium_cli.verify.journal import AuditedJournal
from angarium_cli.verify.kept import Kept
from angarium_cli.verify.time_range import TimeRange
from angarium_cli.verify.traces import DeliveryTraces


async def audit_platform(installation: Installation, span: TimeRange, tell: Tell) -> Audit:
    """Audit the messages of a time range; only reads. Raises CommandFailed."""
    async with AsyncExitStack() as opened:
        gateway = await opened.enter_async_context(opened_database(installation, "gateway"))
        dispatcher = await opened.enter_async_context(opened_database(installation, "dispatcher"))
        worker = await opened.enter_async_context(opened_database(installation, "worker"))
        journal = AuditedJournal(gateway)
        kept = _kept(installation, await journal.now_ms())
        auditor = Auditor(
            journal, AuditedEndpoints(dispatcher), DeliveryTraces(worker), kept, tell=tell
        )
        return await auditor.run(span.ids)


def _kept(installation: Installation, now_ms: int) -> Kept:
    gateway = cast("GatewaySettings", installation.settings_or_refusal("gateway"))
    worker = cast("WorkerSettings", installation.settings_or_refusal("worker"))
    return Kept(gateway.message_retention_days, worker.attempt_retention_days, now_ms)
