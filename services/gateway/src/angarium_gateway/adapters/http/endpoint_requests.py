"""Requests about the endpoints of one application, shared by ordinary and operational routes."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass

from angarium_contracts.configuration import (
    CreateEndpoint,
    DeleteEndpoint,
    Endpoint,
    EndpointDeleted,
    Endpoints,
    EndpointSaved,
    GetEndpoint,
    ListEndpoints,
    PatchEndpoint,
    Precondition,
    UpdateEndpoint,
)
from angarium_contracts.contract import Contract
from angarium_contracts.endpoint_options import (
    PatchEndpointHeaders,
    RotateEndpointSecret,
    SetEndpointHeaders,
)
from angarium_contracts.queries import Page, Problem, ProblemCode
from angarium_webhooks.header_rules import is_sensitive

from angarium_gateway.application.tenants.authentication import Caller
from angarium_gateway.application.unavailable import JournalUnavailable

from .current_names import with_current_names
from .dependencies import ApiDependencies
from .header_changes import header_changes
from .noted_changes import REDACTED, note_change
from .problems import Refused, refusal
from .schemas.endpoint_secrets import (
    EndpointHeadersIn,
    EndpointHeadersOut,
    EndpointHeadersPatchIn,
    EndpointSecretOut,
    EndpointSecretRotateIn,
)
from .schemas.endpoints import EndpointIn, EndpointPatch, EndpointUpdate, endpoint_out, fields_given
from .schemas.ingest import IngestEndpointIn, IngestEndpointUpdate
from .schemas.operational_webhooks import (
    OperationalWebhookEndpointIn,
    OperationalWebhookEndpointUpdate,
)


@dataclass(frozen=True, slots=True)
class EndpointRequests:
    """The requests of one caller about the endpoints of one application.

    Every method raises `Refused`. `not_found` is for routes whose clients do not know of the
    application: it replaces the detail of a problem "not found", and the list of an application
    that does not exist yet is empty.
    """

    api: ApiDependencies
    caller: Caller
    application_ref: str
    not_found: str | None = None

    async def list(
        self,
        page: Page,
        *,
        only_sinks: bool = False,
        metadata: tuple[str, str] | None = None,
    ) -> Endpoints:
        """A page of the endpoints. With `only_sinks`, of the ordered and the polled ones, with
        their sealed headers. `metadata`: only those that have this member."""
        question = ListEndpoints(
            self._tenant_id,
            self.application_ref,
            page,
            only_sinks=only_sinks,
            with_headers=only_sinks,
            metadata=metadata,
        )
        found = await self.api.ask_dispatcher(question, Endpoints)
        if isinstance(found, Problem) and self._hides(found):
            return Endpoints(items=(), done=True)
        return self._unwrap(found)

    async def create(
        self, data: EndpointIn | OperationalWebhookEndpointIn | IngestEndpointIn
    ) -> Endpoint:
        """Create an endpoint."""
        data = with_current_names(data)
        secrets, secret, headers = self.api.endpoint_secrets, data.secret, data.headers
        tenant_id = self._tenant_id
        command = CreateEndpoint(
            tenant_id=tenant_id,
            application_ref=self.application_ref,
            sealed_secret=None if secret is None else secrets.sealed(tenant_id, secret),
            sealed_headers=None if headers is None else secrets.sealed_headers(tenant_id, headers),
            tenant_endpoints_max=self._endpoints_max,
            **fields_given(data, CreateEndpoint, self._seal),
        )
        return (await self._change(command)).endpoint

    async def get(self, ref: str) -> Endpoint:
        """The endpoint that `ref` names."""
        question = GetEndpoint(self._tenant_id, self.application_ref, ref)
        return self._unwrap(await self.api.ask_dispatcher(question, EndpointSaved)).endpoint

    async def find(self, ref: str) -> Endpoint | None:
        """The endpoint that `ref` names, None if there is none."""
        question = GetEndpoint(self._tenant_id, self.application_ref, ref)
        answer = await self.api.ask_dispatcher(question, EndpointSaved)
        if isinstance(answer, Problem) and answer.code is ProblemCode.NOT_FOUND:
            return None
        return self._unwrap(answer).endpoint

    async def update(
        self,
        ref: str,
        data: EndpointUpdate | OperationalWebhookEndpointUpdate | IngestEndpointUpdate,
        precondition: Precondition | None,
    ) -> EndpointSaved:
        """Replace the endpoint, or create it under a uid."""
        data = with_current_names(data)
        command = UpdateEndpoint(
            tenant_id=self._tenant_id,
            application_ref=self.application_ref,
            ref=ref,
            precondition=precondition,
            tenant_endpoints_max=self._endpoints_max,
            **fields_given(data, UpdateEndpoint, self._seal),
        )
        return await self._change(command)

    async def patch(
        self, ref: str, data: EndpointPatch, precondition: Precondition | None
    ) -> Endpoint:
        """Change the fields that are given."""
        data = with_current_names(data)
        command = PatchEndpoint(
            tenant_id=self._tenant_id,
            application_ref=self.application_ref,
            ref=ref,
            precondition=precondition,
            **fields_given(data, PatchEndpoint, self._seal),
        )
        return (await self._change(command)).endpoint

    async def delete(self, ref: str, precondition: Precondition | None) -> None:
        """Delete the endpoint."""
        command = DeleteEndpoint(self._tenant_id, self.application_ref, ref, precondition)
        deleted = self._unwrap(await self.api.change_configuration(command, EndpointDeleted))
        note_change(None if deleted.before is None else endpoint_out(deleted.before), None)

    async def headers(self, ref: str) -> EndpointHeadersOut:
        """The custom headers; of sensitive ones only the names."""
        return _shown(await self.clear_headers(ref))

    def listed_headers(self, endpoint: Endpoint) -> EndpointHeadersOut:
        """The custom headers of an endpoint of a list that has them; of sensitive ones only the
        names."""
        headers = self.api.endpoint_secrets.opened_headers(endpoint.sealed_headers, endpoint.id)
        if isinstance(headers, Problem):
            raise self._refused(headers)
        return _shown(headers)

    async def clear_headers(self, ref: str) -> Mapping[str, str]:
        """The custom headers with all their values, which no answer may contain."""
        headers = await self.api.endpoint_secrets.read_headers(
            self._tenant_id, self.application_ref, ref
        )
        if isinstance(headers, Problem):
            raise self._refused(headers)
        return headers

    async def set_headers(self, ref: str, data: EndpointHeadersIn) -> None:
        """Replace the custom headers."""
        sealed = self.api.endpoint_secrets.sealed_headers(self._tenant_id, data.headers)
        await self._change(
            SetEndpointHeaders(self._tenant_id, self.application_ref, ref, sealed_headers=sealed)
        )
        # The names before are sealed for the worker.
        note_change({"headers": REDACTED}, {"headers": data.headers})

    async def patch_headers(self, ref: str, data: EndpointHeadersPatchIn) -> None:
        """Set or remove some custom headers."""
        changes = header_changes(data)
        sealed = self.api.endpoint_secrets.sealed_headers(self._tenant_id, changes)
        await self._change(
            PatchEndpointHeaders(self._tenant_id, self.application_ref, ref, sealed_headers=sealed)
        )
        note_change({"headers": REDACTED}, {"headers": changes})

    async def secret(self, ref: str) -> EndpointSecretOut:
        """The key that verifies the endpoint's webhooks."""
        secret = await self.api.endpoint_secrets.read(self._tenant_id, self.application_ref, ref)
        if isinstance(secret, Problem):
            raise self._refused(secret)
        return EndpointSecretOut(key=secret)

    async def rotate_secret(self, ref: str, data: EndpointSecretRotateIn) -> None:
        """Sign with a new secret."""
        secrets, key = self.api.endpoint_secrets, data.key
        command = RotateEndpointSecret(
            tenant_id=self._tenant_id,
            application_ref=self.application_ref,
            ref=ref,
            sealed_secret=None if key is None else secrets.sealed(self._tenant_id, key),
            grace_s=data.grace_period_seconds,
        )
        await self._change(command)
        note_change({"secret": "the former"}, {"secret": "the new"})

    @property
    def _endpoints_max(self) -> int | None:
        """The tenant's quota, which counts its customers' endpoints only."""
        return self.caller.tenant.endpoints_max if self.not_found is None else None

    @property
    def _tenant_id(self) -> bytes:
        return self.caller.tenant_id

    def _seal(self, text: str) -> bytes:
        return self.api.endpoint_secrets.sealed_text(self._tenant_id, text)

    async def _change(self, command: Contract) -> EndpointSaved:
        saved = self._unwrap(await self.api.change_configuration(command, EndpointSaved))
        before = None if saved.before is None else endpoint_out(saved.before)
        note_change(before, endpoint_out(saved.endpoint))
        if saved.resumed is not None:
            # Before the client's next message. If it fails, the dispatcher reports it again.
            with suppress(JournalUnavailable):
                await self.api.redelivery.resume(saved.resumed)
        return saved

    def _unwrap[T: Contract](self, answer: T | Problem) -> T:
        if isinstance(answer, Problem):
            raise self._refused(answer)
        return answer

    def _refused(self, problem: Problem) -> Refused:
        if self._hides(problem):
            problem = Problem(code=ProblemCode.NOT_FOUND, detail=self.not_found or "")
        return Refused(refusal(problem))

    def _hides(self, problem: Problem) -> bool:
        return self.not_found is not None and problem.code is ProblemCode.NOT_FOUND


def _shown(headers: Mapping[str, str]) -> EndpointHeadersOut:
    return EndpointHeadersOut(
        headers={name: value for name, value in headers.items() if not is_sensitive(name)},
        sensitive=[name for name in headers if is_sensitive(name)],
    )
