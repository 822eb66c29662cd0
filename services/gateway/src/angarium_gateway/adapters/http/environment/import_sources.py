"""Import sources and streams: create what is missing, change what differs."""

from collections.abc import Sequence
from typing import Final

import msgspec
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import (
    ApplicationSaved,
    CreateApplication,
    PatchApplication,
    UpdateApplication,
)
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Problem

from angarium_gateway.adapters.http.problems import Fault, Refused, invalid, refusal, unwrap
from angarium_gateway.adapters.http.schemas.environment import EnvironmentSource, EnvironmentStream
from angarium_gateway.adapters.http.schemas.ingest import (
    IngestSourceConfigIn,
    IngestSourceIn,
    source_out,
)
from angarium_gateway.adapters.http.schemas.streams import StreamIn, StreamPatch, stream_out
from angarium_gateway.adapters.http.source_requests import source_config
from angarium_gateway.application.ingest.sources import read_config
from angarium_gateway.domain.ingest.verification import SourceConfig

from .import_run import ImportRun, Members, name_of, uid_of, without_empty_uid
from .members import as_change, as_new, differences, given_members

_MEMBERS: Final = {
    "secret": "secret",
    "verify_token": "verifyToken",
    "timestamp_grace_seconds": "timestampGraceSeconds",
}
_CONFIG: Final = tuple(_MEMBERS)


async def import_source(run: ImportRun, data: EnvironmentSource, place: Sequence[str]) -> None:
    """Import a source with its endpoints. A new one gets a URL of its own."""
    opened = run.opened("sealedConfig", data.sealed_config, data.id, "source")
    sealed = None if opened is None else read_config(opened.encode())
    found, name = await run.existing(data, ApplicationKind.SOURCE), name_of(data)
    given = given_members(data, IngestSourceIn)
    given.pop("config", None)
    if found is None:
        run.note("source", name, None)
        if not run.dry_run:
            found = await _save_source(run, given, _config(data, sealed or SourceConfig()), data)
    else:
        current = source_out(found.application, None)
        changed = differences(without_empty_uid(given), current)
        stored = run.api.source_secrets.config_of(found.state)
        if isinstance(stored, Problem):
            raise Refused(refusal(stored))
        before = stored if current.type == data.type else SourceConfig()
        config = _config(data, sealed or before)
        if config != stored:
            changed["config"] = None
        run.note("source", name, changed)
        if changed and not run.dry_run:
            members = given_members(current, IngestSourceIn) | without_empty_uid(given)
            members.pop("config")
            await _save_source(run, members, config, data, found)
    application_id = None if found is None else found.application.id
    await run.endpoints_of(data, application_id, "sourceEndpoint", place)


def _config(data: EnvironmentSource, base: SourceConfig) -> SourceConfig:
    """The configuration `base`, with what the document has in clear text."""
    clear = data.config
    if isinstance(clear, msgspec.UnsetType):
        return base
    given = {name: getattr(clear, name) for name in _CONFIG}
    members = {name: getattr(base, name) for name in _CONFIG}
    return SourceConfig(
        **members | {name: value for name, value in given.items() if value is not None}
    )


async def _save_source(
    run: ImportRun,
    members: Members,
    config: SourceConfig,
    data: EnvironmentSource,
    found: ApplicationSaved | None = None,
) -> ApplicationSaved:
    """Create a source, or replace the one that was found. Raises `Refused` for a configuration that
    its type does not have, and for a secret that the export left out: without it, a source of some
    types would accept unsigned webhooks."""
    if found is None or found.application.source_type != data.type:
        _refuse_left_out(data, config)
    given = IngestSourceConfigIn(**{name: getattr(config, name) for name in _CONFIG})
    source = as_new(members, IngestSourceIn, config=msgspec.to_builtins(given))
    tenant_id, quota = run.caller.tenant_id, run.caller.tenant.applications_max
    sealed = run.api.source_secrets.given(tenant_id, source.type, source_config(source))
    command: CreateApplication | UpdateApplication
    if found is None:
        command = CreateApplication(
            tenant_id,
            source.name,
            uid_of(data),
            metadata=source.metadata or {},
            applications_max=quota,
            kind=ApplicationKind.SOURCE,
            source=sealed,
        )
    else:
        command = UpdateApplication(
            tenant_id,
            format_id(APPLICATION, found.application.id),
            source.name,
            source.uid,
            metadata=source.metadata or {},
            applications_max=quota,
            kind=ApplicationKind.SOURCE,
            source=sealed,
        )
    return unwrap(await run.api.change_configuration(command, ApplicationSaved))


def _refuse_left_out(data: EnvironmentSource, config: SourceConfig) -> None:
    members = {_MEMBERS[name]: getattr(config, name) for name in _CONFIG}
    left_out = [] if isinstance(data.left_out, msgspec.UnsetType) else data.left_out
    faults = []
    for name in left_out:
        if members.get(name, "") is None:
            message = (
                f"The export left out `{name}`. Add it to `config`, export with"
                " `secretsPassphrase`, or remove it from `leftOut` to create the source without it."
            )
            faults.append(Fault(("body", "config", name), message, "value_error.missing"))
    if faults:
        raise Refused(invalid(*faults))


async def import_stream(run: ImportRun, data: EnvironmentStream, place: Sequence[str]) -> None:
    """Import a stream with its sinks."""
    found, name = await run.existing(data, ApplicationKind.STREAM), name_of(data)
    given = given_members(data, StreamPatch)
    tenant_id = run.caller.tenant_id
    if found is None:
        run.note("stream", name, None)
        if not run.dry_run:
            new = as_new(given, StreamIn, uid=uid_of(data))
            create = CreateApplication(
                tenant_id,
                new.name,
                new.uid,
                metadata=new.metadata or {},
                applications_max=run.caller.tenant.applications_max,
                kind=ApplicationKind.STREAM,
            )
            found = unwrap(await run.api.change_configuration(create, ApplicationSaved))
    else:
        changed = differences(without_empty_uid(given), stream_out(found.application))
        run.note("stream", name, changed)
        if changed and not run.dry_run:
            change = as_change(changed, StreamPatch)
            patch = PatchApplication(
                tenant_id,
                format_id(APPLICATION, found.application.id),
                name=change.name,
                uid=change.uid,
                metadata={} if change.metadata is None else change.metadata,
                kind=ApplicationKind.STREAM,
            )
            unwrap(await run.api.change_configuration(patch, ApplicationSaved))
    application_id = None if found is None else found.application.id
    await run.endpoints_of(data, application_id, "sink", place)
