"""One import of a configuration: what changes, what is refused, and the endpoints, which the
objects of every kind have alike."""

from collections.abc import Awaitable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

import msgspec
from angarium_chassis.passphrase_seal import PassphraseSeal
from angarium_chassis.sealing import SealBroken
from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import ApplicationSaved, Endpoint, GetApplication
from angarium_contracts.contract import Contract
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.adapters.http.current_names import with_current_names
from angarium_gateway.adapters.http.dependencies import ApiDependencies
from angarium_gateway.adapters.http.endpoint_requests import EndpointRequests
from angarium_gateway.adapters.http.operational_types import check_known_types
from angarium_gateway.adapters.http.problems import (
    Fault,
    Refused,
    faults_of_answer,
    invalid,
    unwrap,
)
from angarium_gateway.adapters.http.schemas.endpoint_secrets import (
    EndpointHeadersIn,
    EndpointSecretRotateIn,
)
from angarium_gateway.adapters.http.schemas.endpoints import EndpointIn, EndpointPatch, endpoint_out
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentApplication,
    EnvironmentChange,
    EnvironmentEndpoint,
    EnvironmentKind,
    EnvironmentOperationalEndpoint,
    EnvironmentSource,
    EnvironmentStream,
)
from angarium_gateway.application.tenants.authentication import Caller

from .members import as_change, as_new, differences, given_members

IMPORTED: Final = "imported."
FAULTS_MAX: Final = 100
"""An import ends when it has met so many."""

type Members = dict[str, Any]
type Owner = EnvironmentApplication | EnvironmentSource | EnvironmentStream
type AnyEndpoint = EnvironmentEndpoint | EnvironmentOperationalEndpoint

_headers_decoder = msgspec.json.Decoder(dict[str, str])


@dataclass(slots=True)
class ImportRun:
    """One import. It goes on after a refused object; what it refuses is in `faults`."""

    api: ApiDependencies
    caller: Caller
    dry_run: bool
    seal: PassphraseSeal | None
    changes: list[EnvironmentChange] = field(default_factory=list)
    faults: list[Fault] = field(default_factory=list)

    async def attempt(self, step: Awaitable[None], *place: str) -> None:
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

    async def existing(
        self, data: Owner, kind: str = ApplicationKind.APPLICATION
    ) -> ApplicationSaved | None:
        """The application of this kind that the document names, as it is stored."""
        for ref in _references(data):
            found = await self.find(
                GetApplication(self.caller.tenant_id, ref, kind), ApplicationSaved
            )
            if found is not None:
                return found
        return None

    async def endpoints_of(
        self, data: Owner, application_id: bytes | None, kind: EnvironmentKind, place: Sequence[str]
    ) -> None:
        """Import the endpoints of an application; None: it would be created in a dry run, and has
        no endpoints to compare with."""
        name = name_of(data)
        ref = name if application_id is None else format_id(APPLICATION, application_id)
        requests = EndpointRequests(self.api, self.caller, ref)
        for index, endpoint in enumerate(data.endpoints):
            step = self.endpoint(
                endpoint,
                requests,
                kind,
                name,
                of_new_owner=application_id is None,
            )
            await self.attempt(step, *place, "endpoints", str(index))

    async def endpoint(
        self,
        data: AnyEndpoint,
        requests: EndpointRequests,
        kind: EnvironmentKind,
        application: str | None = None,
        *,
        of_new_owner: bool = False,
    ) -> None:
        """Import one endpoint."""
        data = with_current_names(data)
        if isinstance(data, EnvironmentOperationalEndpoint):
            check_known_types(data.event_types or ())
        secret, headers = self._opened_endpoint(data)
        given = given_members(data, EndpointPatch)
        current = None if of_new_owner else await _existing_endpoint(requests, data)
        if current is None:
            self.note(kind, name_of(data), None, application)
            if not self.dry_run:
                new = as_new(given, EndpointIn, uid=uid_of(data), secret=secret, headers=headers)
                await requests.create(new)
            return
        shown = endpoint_out(current)
        changed = differences(without_empty_uid(given), shown)
        new_secret = secret is not None and secret != (await requests.secret(shown.id)).key
        new_headers = headers is not None and headers != await requests.clear_headers(shown.id)
        also = {"secret": new_secret, "headers": new_headers}
        members = changed | {name: None for name, differs in also.items() if differs}
        self.note(kind, name_of(data), members, application)
        if self.dry_run:
            return
        if changed:
            await requests.patch(shown.id, as_change(changed, EndpointPatch), None)
        if new_headers and headers is not None:
            await requests.set_headers(shown.id, EndpointHeadersIn(headers=headers))
        if new_secret:
            await requests.rotate_secret(shown.id, EndpointSecretRotateIn(key=secret))

    def _opened_endpoint(self, data: AnyEndpoint) -> tuple[str | None, dict[str, str] | None]:
        """The secret and the headers in clear text."""
        secret = self.opened("sealedSecret", data.sealed_secret, data.id, "endpoint")
        headers = self.opened("sealedHeaders", data.sealed_headers, data.id, "endpoint")
        return secret, None if headers is None else _headers_decoder.decode(headers)

    def opened(self, member: str, sealed: Any, object_id: Any, kind: str) -> str | None:
        """An encrypted member of an object in clear text; None if it is absent. Raises
        `Refused`."""
        if not isinstance(sealed, str):
            return None
        if self.seal is None or not isinstance(object_id, str):
            message = (
                f"`{member}` is encrypted. Send `secretsPassphrase`, and `sealing` and the"
                f" {kind}'s `id` as they were exported, or leave it out."
            )
            raise Refused(invalid(Fault(("body", member), message)))
        try:
            return self.seal.open(sealed, object_id)
        except SealBroken:
            message = (
                f"`{member}` cannot be decrypted. Send the `secretsPassphrase` of the export, and"
                f" `sealing` and the {kind}'s `id` as they were exported."
            )
            raise Refused(invalid(Fault(("body", member), message))) from None

    async def find[T: Contract](self, question: Contract, answer: type[T]) -> T | None:
        """The answer of the dispatcher, None if there is no such object. Raises `Refused`."""
        found = await self.api.ask_dispatcher(question, answer)
        if isinstance(found, Problem) and found.code is ProblemCode.NOT_FOUND:
            return None
        return unwrap(found)

    def note(
        self,
        kind: EnvironmentKind,
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


async def _existing_endpoint(requests: EndpointRequests, data: AnyEndpoint) -> Endpoint | None:
    for ref in _references(data):
        found = await requests.find(ref)
        if found is not None:
            return found
    return None


def _references(data: Owner | AnyEndpoint) -> list[str]:
    """The names under which an object may exist, the surest first."""
    if isinstance(data.uid, str):
        return [data.uid]
    return [] if not isinstance(data.id, str) else [data.id, f"{IMPORTED}{data.id}"]


def uid_of(data: Owner | AnyEndpoint) -> str | None:
    """The uid that a new object gets."""
    if isinstance(data.uid, str):
        return data.uid
    return f"{IMPORTED}{data.id}" if isinstance(data.id, str) else None


def name_of(data: Owner | AnyEndpoint) -> str:
    """The name of an object in the answer."""
    given = data.uid if isinstance(data.uid, str) else data.id
    if isinstance(given, str):
        return given
    if isinstance(data, EnvironmentEndpoint | EnvironmentOperationalEndpoint):
        return data.url
    return data.name


def without_empty_uid(given: Members) -> Members:
    """An object without a uid keeps the one that it was imported with."""
    return {name: value for name, value in given.items() if name != "uid" or value is not None}
