"""Import a configuration into a tenant: create what is missing, change what differs."""

from collections.abc import Awaitable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
from angarium_chassis.passphrase_seal import PassphraseSeal
from angarium_chassis.sealing import SealBroken
from angarium_contracts.configuration import (
    Application,
    ApplicationSaved,
    Endpoint,
    EventType,
    EventTypeSaved,
    GetApplication,
    GetEventType,
)
from angarium_contracts.contract import Contract
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Problem, ProblemCode
from msgspec import UnsetType

from angarium_gateway.adapters.http.applications import change_application, create_application
from angarium_gateway.adapters.http.current_names import with_current_names
from angarium_gateway.adapters.http.dependencies import ApiDependencies
from angarium_gateway.adapters.http.endpoint_requests import EndpointRequests
from angarium_gateway.adapters.http.event_types import change_event_type, create_event_type
from angarium_gateway.adapters.http.kept_payloads import (
    hours_of_applications,
    hours_of_event_types,
    keep_payloads_of_application,
    keep_payloads_of_event_type,
)
from angarium_gateway.adapters.http.problems import (
    Fault,
    Refused,
    faults_of_answer,
    invalid,
    unwrap,
)
from angarium_gateway.adapters.http.schemas.applications import (
    ApplicationIn,
    ApplicationPatch,
    application_out,
)
from angarium_gateway.adapters.http.schemas.delivery_policy import TenantPolicyIn
from angarium_gateway.adapters.http.schemas.endpoint_secrets import (
    EndpointHeadersIn,
    EndpointSecretRotateIn,
)
from angarium_gateway.adapters.http.schemas.endpoints import EndpointIn, EndpointPatch, endpoint_out
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentApplication,
    EnvironmentChange,
    EnvironmentEndpoint,
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
from .members import as_change, as_new, differences, given_members, plain

_IMPORTED: Final = "imported."
FAULTS_MAX: Final = 100
"""An import ends when it has met so many."""

type Kind = Literal["eventType", "settings", "application", "endpoint"]
type Members = dict[str, Any]

_headers_decoder = msgspec.json.Decoder(dict[str, str])


async def import_environment(
    api: ApiDependencies, caller: Caller, data: EnvironmentIn
) -> list[EnvironmentChange]:
    """Bring the caller's tenant to what `data` says, and tell what changed. Raises `Refused`,
    after everything else was applied, if an object is refused."""
    run = EnvironmentImport(api, caller, data.dry_run, await _seal(data))
    await run.apply(data)
    if run.faults:
        raise Refused(invalid(*run.faults))
    return run.changes


@dataclass(slots=True)
class EnvironmentImport:
    """One import. It goes on after a refused object; what it refuses is in `faults`."""

    api: ApiDependencies
    caller: Caller
    dry_run: bool
    seal: PassphraseSeal | None
    changes: list[EnvironmentChange] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    async def apply(self, data: EnvironmentIn) -> None:
        """Compare and, unless it is a dry run, change. Raises `Refused` if it cannot go on."""
        for index, event_type in enumerate(data.event_types or ()):
            await self._try(self._event_type(event_type), "eventTypes", str(index))
        if data.settings:
            await self._try(self._settings(data.settings), "settings")
        for index, application in enumerate(data.applications or ()):
            place = ("applications", str(index))
            await self._try(self._application(application, place), *place)

    async def _try(self, step: Awaitable[None], *place: str) -> None:
        """Carry out one step. A refusal becomes a fault at this place of the body."""
        try:
            await step
        except Refused as refused:
            found = faults_of_answer(refused.answer, place)
            if not found:
                raise
            self.faults += found
            if len(self.faults) >= FAULTS_MAX:
                raise Refused(invalid(*self.faults[:FAULTS_MAX])) from None

    async def _event_type(self, data: EnvironmentEventType) -> None:
        question = GetEventType(tenant_id=self.caller.tenant_id, name=data.name)
        found = await self._find(question, EventTypeSaved)
        current: EventType | None = None if found is None else found.event_type
        given = given_members(data, EventTypeIn)
        if current is None:
            self._note("eventType", data.name, None)
            if not self.dry_run:
                new = as_new(given, EventTypeIn)
                await create_event_type(self.api, self.caller, new)
                await self._keep_event_type(data.name, new.payload_retention_hours)
            return
        hours = await hours_of_event_types(self.api, self.caller.tenant_id, [current])
        changed = differences(given, event_type_out(current, hours.get(current.name)))
        self._note("eventType", data.name, changed)
        if changed and not self.dry_run:
            change = as_change(changed, EventTypePatch)
            await change_event_type(self.api, self.caller, data.name, change)
            await self._keep_event_type(data.name, change.payload_retention_hours)

    async def _keep_event_type(self, name: str, hours: int | UnsetType | None) -> None:
        await keep_payloads_of_event_type(self.api, self.caller.tenant_id, name, hours)

    async def _settings(self, given: Members) -> None:
        current = await read_policy(self.api, self.caller.tenant_id)
        changed = differences(given, current)
        wanted = msgspec.json.encode(plain(current) | given)
        policy = decode_body(wanted, TenantPolicyIn)
        self._note("settings", "tenant policy", changed)
        if changed and not self.dry_run:
            await replace_policy(self.api, self.caller.tenant_id, policy)

    async def _application(self, data: EnvironmentApplication, place: tuple[str, ...]) -> None:
        data = with_current_names(data)
        given = given_members(data, ApplicationPatch)
        current, name = await self._existing(data), _name(data)
        if current is None:
            self._note("application", name, None)
            if not self.dry_run:
                new = as_new(given, ApplicationIn, uid=_uid(data))
                current = (await create_application(self.api, self.caller, new)).application
                await self._keep_application(current.id, new.payload_retention_hours)
        else:
            hours = await hours_of_applications(self.api, self.caller.tenant_id, [current])
            shown = application_out(current, hours.get(current.id))
            changed = differences(_without_empty_uid(given), shown)
            self._note("application", name, changed)
            if changed and not self.dry_run:
                change = as_change(changed, ApplicationPatch)
                await change_application(self.api, self.caller, _ref(current), change)
                await self._keep_application(current.id, change.payload_retention_hours)
        # In a dry run, an application that would be created has no endpoints to compare with.
        ref = None if current is None else _ref(current)
        for index, endpoint in enumerate(data.endpoints):
            step = self._endpoint(endpoint, name, ref)
            await self._try(step, *place, "endpoints", str(index))

    async def _keep_application(self, application_id: bytes, hours: int | UnsetType | None) -> None:
        await keep_payloads_of_application(self.api, self.caller.tenant_id, application_id, hours)

    async def _existing(self, data: EnvironmentApplication) -> Application | None:
        for ref in _references(data):
            question = GetApplication(tenant_id=self.caller.tenant_id, ref=ref)
            found = await self._find(question, ApplicationSaved)
            if found is not None:
                return found.application
        return None

    async def _endpoint(
        self, data: EnvironmentEndpoint, application: str, app_ref: str | None
    ) -> None:
        data = with_current_names(data)
        requests = EndpointRequests(self.api, self.caller, app_ref or application)
        secret, headers = self._opened(data)
        given = given_members(data, EndpointPatch)
        current = None if app_ref is None else await _existing_endpoint(requests, data)
        if current is None:
            self._note("endpoint", _name(data), None, application)
            if not self.dry_run:
                new = as_new(given, EndpointIn, uid=_uid(data), secret=secret, headers=headers)
                await requests.create(new)
            return
        shown = endpoint_out(current)
        changed = differences(_without_empty_uid(given), shown)
        new_secret = secret is not None and secret != (await requests.secret(shown.id)).key
        new_headers = headers is not None and headers != await requests.clear_headers(shown.id)
        also = {"secret": new_secret, "headers": new_headers}
        members = changed | {name: None for name, differs in also.items() if differs}
        self._note("endpoint", _name(data), members, application)
        if self.dry_run:
            return
        if changed:
            await requests.patch(shown.id, as_change(changed, EndpointPatch), None)
        if new_headers and headers is not None:
            await requests.set_headers(shown.id, EndpointHeadersIn(headers=headers))
        if new_secret:
            await requests.rotate_secret(shown.id, EndpointSecretRotateIn(key=secret))

    def _opened(self, data: EnvironmentEndpoint) -> tuple[str | None, dict[str, str] | None]:
        """The secret and the headers in clear text."""
        opened: list[str | None] = []
        for name, sealed in (
            ("sealedSecret", data.sealed_secret),
            ("sealedHeaders", data.sealed_headers),
        ):
            if not isinstance(sealed, str):
                opened.append(None)
                continue
            if self.seal is None or not isinstance(data.id, str):
                message = (
                    f"`{name}` is encrypted. Send `secretsPassphrase`, and `sealing` and the"
                    " endpoint's `id` as they were exported, or leave it out."
                )
                raise Refused(invalid(Fault(("body", name), message)))
            try:
                opened.append(self.seal.open(sealed, data.id))
            except SealBroken:
                message = (
                    f"`{name}` cannot be decrypted. Send the `secretsPassphrase` of the export, and"
                    " `sealing` and the endpoint's `id` as they were exported."
                )
                raise Refused(invalid(Fault(("body", name), message))) from None
        secret, headers = opened
        return secret, None if headers is None else _headers_decoder.decode(headers)

    async def _find[T: Contract](self, question: Contract, answer: type[T]) -> T | None:
        return _found(await self.api.ask_dispatcher(question, answer))

    def _note(
        self,
        kind: Kind,
        name: str,
        changed: Mapping[str, Any] | None,
        application: str | None = None,
    ) -> None:
        """Note what happens to an object. `changed`: the members that differ; None for a new
        object."""
        action: Literal["create", "update", "none"] = "update" if changed else "none"
        self.changes.append(
            EnvironmentChange(
                kind=kind,
                name=name,
                application=msgspec.UNSET if application is None else application,
                action="create" if changed is None else action,
                members=sorted(changed or ()),
            )
        )


async def _seal(data: EnvironmentIn) -> PassphraseSeal | None:
    if data.secrets_passphrase is None or data.sealing is None:
        return None
    return await seal_of(data.secrets_passphrase, data.sealing)


async def _existing_endpoint(
    requests: EndpointRequests, data: EnvironmentEndpoint
) -> Endpoint | None:
    for ref in _references(data):
        found = await requests.find(ref)
        if found is not None:
            return found
    return None


def _found[T: Contract](answer: T | Problem) -> T | None:
    """The answer, None if there is no such object. Raises `Refused` for any other problem."""
    if isinstance(answer, Problem) and answer.code is ProblemCode.NOT_FOUND:
        return None
    return unwrap(answer)


def _ref(application: Application) -> str:
    return format_id(APPLICATION, application.id)


def _references(data: EnvironmentApplication | EnvironmentEndpoint) -> list[str]:
    """The names under which an object may exist, the surest first."""
    if isinstance(data.uid, str):
        return [data.uid]
    return [] if not isinstance(data.id, str) else [data.id, f"{_IMPORTED}{data.id}"]


def _uid(data: EnvironmentApplication | EnvironmentEndpoint) -> str | None:
    if isinstance(data.uid, str):
        return data.uid
    return f"{_IMPORTED}{data.id}" if isinstance(data.id, str) else None


def _name(data: EnvironmentApplication | EnvironmentEndpoint) -> str:
    given = data.uid if isinstance(data.uid, str) else data.id
    if isinstance(given, str):
        return given
    return data.name if isinstance(data, EnvironmentApplication) else data.url


def _without_empty_uid(given: Members) -> Members:
    """An object without a uid keeps the one that it was imported with."""
    return {name: value for name, value in given.items() if name != "uid" or value is not None}
