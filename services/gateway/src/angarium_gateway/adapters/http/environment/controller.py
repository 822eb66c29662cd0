"""/api/v1/environment/export and …/import"""

from collections.abc import Sequence

from litestar import Controller, post
from litestar.params import JSONBody

from angarium_gateway.adapters.http.dependencies import Api, CurrentCaller
from angarium_gateway.adapters.http.noted_changes import note_change
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentChange,
    EnvironmentExportIn,
    EnvironmentImportOut,
    EnvironmentIn,
    EnvironmentOut,
)

from .export import export_environment
from .import_ import import_environment


class EnvironmentController(Controller):
    """The tenant's configuration as one document, to copy it to another tenant or platform."""

    path = "/api/v1/environment"
    tags = ("Environment",)

    @post(
        "/export",
        operation_id="v1.environment.export",
        summary="Export the configuration",
        status_code=200,
    )
    async def export(
        self, api: Api, caller: CurrentCaller, data: JSONBody[EnvironmentExportIn | None] = None
    ) -> EnvironmentOut:
        """Returns the tenant's event types, policy, applications, sources and streams with their
        endpoints, and operational endpoints, as a document that `POST /api/v1/environment/import`
        reads.

        Secrets and custom headers are included only with `secretsPassphrase`, which encrypts them.
        What is not exported is named in `leftOut`. An export has at most 250 applications, sources
        and streams; if `done` is false, ask again with its `iterator`.
        """
        return await export_environment(api, caller, data or EnvironmentExportIn())

    @post(
        "/import",
        operation_id="v1.environment.import",
        summary="Import a configuration",
        status_code=200,
    )
    async def import_(
        self, api: Api, caller: CurrentCaller, data: JSONBody[EnvironmentIn]
    ) -> EnvironmentImportOut:
        """Creates the objects of the document that the tenant does not have, and changes those that
        differ. Nothing is deleted. Importing a document twice changes nothing the second time.

        Objects are found by `uid` or, for event types, by name. With `dryRun`, the answer says what
        would change, and nothing does. If objects are refused, the answer is `422` and names them;
        all others are imported.
        """
        changes = await import_environment(api, caller, data)
        if not data.dry_run:
            note_change({"changes": []}, {"changes": told(changes)})
        return EnvironmentImportOut(dry_run=data.dry_run, changes=changes)


def told(changes: Sequence[EnvironmentChange]) -> list[str]:
    """The changes of an import, for the audit log: `update endpoint acme/billing (url)`."""
    return [
        f"{change.action} {change.kind} {_name(change)} ({', '.join(change.members)})"
        for change in changes
        if change.action != "none"
    ]


def _name(change: EnvironmentChange) -> str:
    return f"{change.application}/{change.name}" if change.application else change.name
