"""Requests about sources, and about the endpoints of one."""

from dataclasses import dataclass
from typing import Any

from angarium_contracts.application_kinds import ApplicationKind
from angarium_contracts.configuration import (
    Application,
    ApplicationDeleted,
    Applications,
    ApplicationSaved,
    CreateApplication,
    DeleteApplication,
    GetApplication,
    ListApplications,
    RotateIngestToken,
    SourceGiven,
    UpdateApplication,
)
from angarium_contracts.ids import APPLICATION, format_id
from angarium_contracts.queries import Page, Problem
from litestar import Request

from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.domain.ingest.source_types import RULES
from angarium_gateway.domain.ingest.verification import SourceConfig, check_secret
from angarium_gateway.domain.permissions import Permission

from .dependencies import ApiDependencies
from .endpoint_requests import EndpointRequests
from .ingest_route import ingest_path
from .noted_changes import note_change
from .portal_access import origin_of
from .problems import Fault, Refused, invalid, refusal, unwrap
from .schemas.ingest import IngestSourceIn, IngestSourceOut, RotateTokenOut, source_out

_KIND = ApplicationKind.SOURCE
_MEMBERS = {
    "secret": "secret",
    "verify_token": "verifyToken",
    "timestamp_grace_seconds": "timestampGraceSeconds",
}
"""The members of a configuration, and what the API calls them."""


@dataclass(frozen=True, slots=True)
class SourceRequests:
    """The requests of one caller about sources. Every method raises `Refused`."""

    api: ApiDependencies
    caller: Caller
    request: Request[Caller, Any, Any]

    async def list(self, page: Page) -> tuple[list[IngestSourceOut], Applications]:
        """A page of the sources."""
        question = ListApplications(self._tenant_id, page, kind=_KIND)
        found = unwrap(await self.api.ask_dispatcher(question, Applications))
        return [self._out(one) for one in found.items], found

    async def create(self, data: IngestSourceIn) -> IngestSourceOut:
        """Create a source."""
        command = CreateApplication(
            tenant_id=self._tenant_id,
            name=data.name,
            uid=data.uid,
            metadata=data.metadata or {},
            applications_max=self.caller.tenant.applications_max,
            kind=_KIND,
            source=self._given(data),
        )
        saved = unwrap(await self.api.change_configuration(command, ApplicationSaved))
        return self._noted(saved)

    async def get(self, ref: str) -> IngestSourceOut:
        """The source that `ref` names."""
        return self._out(await self.existing(ref))

    async def existing(self, ref: str) -> Application:
        """The application that a source is."""
        question = GetApplication(self._tenant_id, ref, _KIND)
        return unwrap(await self.api.ask_dispatcher(question, ApplicationSaved)).application

    async def replace(self, ref: str, data: IngestSourceIn) -> tuple[IngestSourceOut, bool]:
        """Replace a source, or create it under a uid. True if it was created."""
        command = UpdateApplication(
            tenant_id=self._tenant_id,
            ref=ref,
            name=data.name,
            uid=data.uid,
            metadata=data.metadata or {},
            applications_max=self.caller.tenant.applications_max,
            kind=_KIND,
            source=self._given(data),
        )
        saved = unwrap(await self.api.change_configuration(command, ApplicationSaved))
        return self._noted(saved), saved.created

    async def delete(self, ref: str) -> None:
        """Delete a source with its endpoints."""
        command = DeleteApplication(self._tenant_id, ref, kind=_KIND)
        deleted = unwrap(await self.api.change_configuration(command, ApplicationDeleted))
        note_change(None if deleted.before is None else source_out(deleted.before, None), None)

    async def rotate_token(self, ref: str) -> RotateTokenOut:
        """Give a source another URL."""
        sealed, hashed = self.api.source_secrets.new_token(self._tenant_id)
        command = RotateIngestToken(self._tenant_id, ref, sealed, hashed)
        saved = unwrap(await self.api.change_configuration(command, ApplicationSaved))
        note_change({"token": "the former"}, {"token": "the new"})
        return RotateTokenOut(ingest_url=self._url(saved.application))

    async def endpoints(self, ref: str) -> EndpointRequests:
        """Requests about the endpoints of a source."""
        source = await self.existing(ref)
        return EndpointRequests(self.api, self.caller, format_id(APPLICATION, source.id))

    @property
    def _tenant_id(self) -> bytes:
        return self.caller.tenant_id

    def _given(self, data: IngestSourceIn) -> SourceGiven:
        config = source_config(data)
        return self.api.source_secrets.given(self._tenant_id, data.type, config)

    def _noted(self, saved: ApplicationSaved) -> IngestSourceOut:
        before = None if saved.before is None else source_out(saved.before, None)
        note_change(before, source_out(saved.application, None))
        return self._out(saved.application)

    def _out(self, source: Application) -> IngestSourceOut:
        may_see = Permission.MANAGE_TENANT in self.caller.permissions
        return source_out(source, self._url(source) if may_see else None)

    def _url(self, source: Application) -> str:
        token = self._token(source)
        return f"{origin_of(self.api, self.request)}{ingest_path(source.id, token)}"

    def _token(self, source: Application) -> str:
        token = self.api.source_secrets.token_of(source)
        if isinstance(token, Problem):
            raise Refused(refusal(token))
        return token


def source_config(data: IngestSourceIn) -> SourceConfig:
    """The configuration that a request gives. Raises `Refused` (422) for what its type has not, or
    needs."""
    rules, given = RULES[data.type], data.config
    faults = []
    for name, member in _MEMBERS.items():
        value = getattr(given, name)
        if value is not None and name not in (*rules.required, *rules.optional):
            message = f"Sources of the type `{data.type}` have no `{member}`. Leave it out."
            faults.append(Fault(("body", "config", member), message))
        elif value is None and name in rules.required:
            message = f"Sources of the type `{data.type}` need `{member}`. Add it."
            faults.append(Fault(("body", "config", member), message, "value_error.missing"))
    why = None if given.secret is None or faults else check_secret(rules.scheme, given.secret)
    if why is not None:
        message = f"This is no secret of the type `{data.type}`: {why}."
        faults.append(Fault(("body", "config", "secret"), message))
    if faults:
        raise Refused(invalid(*faults))
    return SourceConfig(**{name: getattr(given, name) for name in _MEMBERS})
