"""The services' databases, opened for reading by the commands that look after a platform."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from angarium_chassis.database.engine import CONNECTION_ERRORS, Database, open_database
from angarium_chassis.process import StartRefused
from sqlalchemy import make_url

from angarium_cli.doctor.database_checks import schema_of
from angarium_cli.doctor.installation import Installation
from angarium_cli.failure import CommandFailed
from angarium_cli.service_names import ServiceName


@asynccontextmanager
async def opened_database(
    installation: Installation, service: ServiceName
) -> AsyncIterator[Database]:
    """An open database with this version's schema. Raises CommandFailed, also for what breaks
    while it is used."""
    url = installation.settings_or_refusal(service).database_url.get_secret_value()
    if is_missing_file(url):
        raise CommandFailed(f"the {service}'s SQLite file is not there; run `angarium migrate`")
    try:
        database = open_database(url, connections_max=2)
        try:
            await schema_of(service).require_current(database)
            yield database
        finally:
            await database.close()
    except StartRefused as refusal:
        raise CommandFailed(str(refusal), exit_status=1) from refusal
    except CONNECTION_ERRORS as error:
        reason = str(error.__cause__ or error).splitlines() or [type(error).__name__]
        raise CommandFailed(
            f"the {service}'s database cannot be read: {reason[0]}; `angarium doctor` tells more",
            exit_status=1,
        ) from error


def is_missing_file(url: str) -> bool:
    """Opening an SQLite database would make its file: this only looks. False for a URL that is
    none: opening it says what is wrong."""
    try:
        parsed = make_url(url)
    except Exception:  # noqa: BLE001 - see above
        return False
    path = parsed.database
    return parsed.get_backend_name() == "sqlite" and bool(path) and not Path(path or "").exists()
