"""Import a configuration into a tenant: create what is missing, change what differs."""

from dataclasses import dataclass

import msgspec
from angarium_chassis.passphrase_seal import PassphraseSeal
from angarium_contracts.configuration import EventType, EventTypeSaved, GetEventType
from angarium_contracts.ids import APPLICATION, format_id
from msgspec import UnsetType

from angarium_gateway.adapters.http.applications import change_application, create_application
from angarium_gateway.adapters.http.current_names import with_current_names
from angarium_gateway.adapters.http.dependencies import ApiDependencies
from angarium_gateway.adapters.http.event_types import change_event_type, create_event_type
from angarium_gateway.adapters.http.kept_payloads import (
    hours_of_applications,
    hours_of_event_types,
    keep_payloads_of_application,
    keep_payloads_of_event_type,
)
from angarium_gateway.adapters.http.operational_webhooks import operational_requests
from angarium_gateway.adapters.http.problems import Refused, invalid
from angarium_gateway.adapters.http.schemas.applications import (
    ApplicationIn,
    ApplicationPatch,
    application_out,
)
from angarium_gateway.adapters.http.schemas.delivery_policy import TenantPolicyIn
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentApplication,
    EnvironmentChange,
    EnvironmentEventType,
    EnvironmentIn,
)
from angarium_gateway.adapters.http.schemas.event_types import (
    EventTypeIn,
    EventTypePatch,
    event_type_out,
)
from angarium_gateway.adapters.http.strict_json import decode_body
from angarium_gateway.adapters.http.tenant_policy import read_policy, replace_policy
from angarium_gateway.application.tenants.authentication import Caller

from .export import seal_of
from .import_run import ImportRun, Members, name_of, uid_of, without_empty_uid
from .import_sources import import_source, import_stream
from .members import as_change, as_new, differences, given_members, plain


async def import_environment(
    api: ApiDependencies, caller: Caller, data: EnvironmentIn
) -> list[EnvironmentChange]:
    """Bring the caller's tenant to what `data` says, and tell what changed. Raises `Refused`,
    after everything else was applied, if an object is refused."""
    run = ImportRun(api, caller, data.dry_run, await _seal(data))
    await EnvironmentImport(run).apply(data)
    if run.faults:
        raise Refused(invalid(*run.faults))
    return run.changes


@dataclass(frozen=True, slots=True)
class EnvironmentImport:
    """The import of each kind of object."""

    run: ImportRun

    async def apply(self, data: EnvironmentIn) -> None:
        """Compare and, unless it is a dry run, change. Raises `Refused` if it cannot go on."""
        run = self.run
        for index, event_type in enumerate(data.event_types or ()):
            await run.attempt(self._event_type(event_type), "eventTypes", str(index))
        if data.settings:
            await run.attempt(self._settings(data.settings), "settings")
        for index, application in enumerate(data.applications or ()):
            place = ("applications", str(index))
            await run.attempt(self._application(application, place), *place)
        for index, source in enumerate(data.sources or ()):
            place = ("sources", str(index))
            await run.attempt(import_source(run, source, place), *place)
        for index, stream in enumerate(data.streams or ()):
            place = ("streams", str(index))
            await run.attempt(import_stream(run, stream, place), *place)
        requests = operational_requests(run.api, run.caller)
        for index, endpoint in enumerate(data.operational_endpoints or ()):
            step = run.endpoint(endpoint, requests, "operationalEndpoint")
            await run.attempt(step, "operationalEndpoints", str(index))

    async def _event_type(self, data: EnvironmentEventType) -> None:
        question = GetEventType(tenant_id=self.run.caller.tenant_id, name=data.name)
        found = await self.run.find(question, EventTypeSaved)
        current: EventType | None = None if found is None else found.event_type
        given = given_members(data, EventTypeIn)
        if current is None:
            self.run.note("eventType", data.name, None)
            if not self.run.dry_run:
                new = as_new(given, EventTypeIn)
                await create_event_type(self.run.api, self.run.caller, new)
                await self._keep_event_type(data.name, new.payload_retention_hours)
            return
        hours = await hours_of_event_types(self.run.api, self.run.caller.tenant_id, [current])
        changed = differences(given, event_type_out(current, hours.get(current.name)))
        self.run.note("eventType", data.name, changed)
        if changed and not self.run.dry_run:
            change = as_change(changed, EventTypePatch)
            await change_event_type(self.run.api, self.run.caller, data.name, change)
            await self._keep_event_type(data.name, change.payload_retention_hours)

    async def _keep_event_type(self, name: str, hours: int | UnsetType | None) -> None:
        await keep_payloads_of_event_type(self.run.api, self.run.caller.tenant_id, name, hours)

    async def _settings(self, given: Members) -> None:
        current = await read_policy(self.run.api, self.run.caller.tenant_id)
        changed = differences(given, current)
        wanted = msgspec.json.encode(plain(current) | given)
        policy = decode_body(wanted, TenantPolicyIn)
        self.run.note("settings", "tenant policy", changed)
        if changed and not self.run.dry_run:
            await replace_policy(self.run.api, self.run.caller.tenant_id, policy)

    async def _application(self, data: EnvironmentApplication, place: tuple[str, ...]) -> None:
        data = with_current_names(data)
        given = given_members(data, ApplicationPatch)
        found, name = await self.run.existing(data), name_of(data)
        current = None if found is None else found.application
        if current is None:
            self.run.note("application", name, None)
            if not self.run.dry_run:
                new = as_new(given, ApplicationIn, uid=uid_of(data))
                current = (await create_application(self.run.api, self.run.caller, new)).application
                await self._keep_application(current.id, new.payload_retention_hours)
        else:
            hours = await hours_of_applications(self.run.api, self.run.caller.tenant_id, [current])
            shown = application_out(current, hours.get(current.id))
            changed = differences(without_empty_uid(given), shown)
            self.run.note("application", name, changed)
            if changed and not self.run.dry_run:
                change = as_change(changed, ApplicationPatch)
                await change_application(
                    self.run.api, self.run.caller, format_id(APPLICATION, current.id), change
                )
                await self._keep_application(current.id, change.payload_retention_hours)
        await self.run.endpoints_of(
            data, None if current is None else current.id, "endpoint", place
        )

    async def _keep_application(self, application_id: bytes, hours: int | UnsetType | None) -> None:
        run = self.run
        await keep_payloads_of_application(run.api, run.caller.tenant_id, application_id, hours)


async def _seal(data: EnvironmentIn) -> PassphraseSeal | None:
    if data.secrets_passphrase is None or data.sealing is None:
        return None
    return await seal_of(data.secrets_passphrase, data.sealing)
