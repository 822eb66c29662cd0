"""An audit of a platform: its three databases opened, read and closed."""

from contextlib import AsyncExitStack

from angarium_cli.doctor.databases import opened_database
from angarium_cli.doctor.installation import Installation
from angarium_cli.verify.audit import Audit, Auditor, Tell
from angarium_cli.verify.endpoints import AuditedEndpoints
from angarium_cli.verify.journal import AuditedJournal
from angarium_cli.verify.time_range import TimeRange
from angarium_cli.verify.traces import DeliveryTraces


async def audit_platform(installation: Installation, span: TimeRange, tell: Tell) -> Audit:
    """Audit the messages of a time range; only reads. Raises CommandFailed."""
    async with AsyncExitStack() as opened:
        gateway = await opened.enter_async_context(opened_database(installation, "gateway"))
        dispatcher = await opened.enter_async_context(opened_database(installation, "dispatcher"))
        worker = await opened.enter_async_context(opened_database(installation, "worker"))
        auditor = Auditor(
            AuditedJournal(gateway), AuditedEndpoints(dispatcher), DeliveryTraces(worker), tell=tell
        )
        return await auditor.run(span.ids)
