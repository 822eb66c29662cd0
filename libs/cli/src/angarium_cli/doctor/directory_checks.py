"""The copies of the dispatcher's directory: how far behind they are."""

from angarium_chassis.database.engine import Database
from angarium_dispatcher.adapters.database.tables import directory_version
from angarium_gateway.adapters.database.tables import directory_copy as gateway_copy
from angarium_worker.adapters.database.tables import directory_copy as worker_copy
from sqlalchemy import Table, select

from angarium_cli.doctor.finding import Finding, counted, ok, warning

_TABLES: dict[str, Table] = {
    "dispatcher": directory_version,
    "gateway": gateway_copy,
    "worker": worker_copy,
}


async def read_directory(service: str, database: Database) -> int:
    """The version that this service has; 0 for none. Raises SQLAlchemy's errors."""
    table = _TABLES[service]
    async with database.reading.connect() as connection:
        return int(await connection.scalar(select(table.c.version).where(table.c.id == 1)) or 0)


def judge_directory(service: str, *, held: int, directory: int) -> list[Finding]:
    """`held` was read before `directory`, so a copy in step may be a moment behind."""
    subject = f"{service} directory copy"
    if held < directory:
        return [
            warning(
                subject,
                f"It is {counted(directory - held, 'change')} behind the dispatcher's directory.",
                "Look again in a few seconds; if it stays, read the log for"
                " directory.resync_waits: the dispatcher must answer.",
            )
        ]
    if held > directory:
        return [
            warning(
                subject,
                "It is ahead of the dispatcher's directory, which was restored from a backup.",
                "Save each application that was changed since the backup once more.",
            )
        ]
    return [ok(subject, "It is in step with the dispatcher's directory.")]
