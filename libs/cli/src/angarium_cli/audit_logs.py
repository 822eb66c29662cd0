"""Verifies and exports the audit logs in the gateway's database."""

import os
from collections.abc import Callable

from angarium_chassis.database.engine import Database
from angarium_gateway.administration.audit_log import PLATFORM, AuditAdministration, VerifiedLog

from angarium_cli.databases import encryption_key
from angarium_cli.failure import CommandFailed
from angarium_cli.gateway_access import with_gateway_database

__all__ = ["PLATFORM", "VerifiedLog", "export_log", "verify_logs"]


def verify_logs(tenant_name: str | None) -> list[VerifiedLog]:
    """Verify the log of a tenant, or all. Raises CommandFailed."""
    seal = encryption_key(os.environ)
    if seal is None:
        raise CommandFailed(
            "ANGARIUM_ENCRYPTION_KEY is not set; the audit log is verified with the key of the"
            " services"
        )

    async def verify(database: Database) -> list[VerifiedLog]:
        logs = AuditAdministration(database)
        tenants = await logs.tenant_ids(tenant_name)
        return [await logs.verify(name, tenant_id, seal) for name, tenant_id in tenants.items()]

    return with_gateway_database(verify)


def export_log(tenant_name: str, write: Callable[[str], None]) -> None:
    """Give every entry of a tenant's log to `write`, as a line of JSON. Raises CommandFailed."""

    async def export(database: Database) -> None:
        logs = AuditAdministration(database)
        tenants = await logs.tenant_ids(tenant_name)
        async for line in logs.exported(tenants[tenant_name]):
            write(line.decode())

    with_gateway_database(export)
