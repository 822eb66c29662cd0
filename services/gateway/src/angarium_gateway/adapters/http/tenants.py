"""/api/v1/admin/tenant: for operators, with a key of the scope `platform`"""

from typing import Annotated

from angarium_contracts.ids import TENANT, parse_id
from litestar import Controller, delete, get, patch, post
from litestar.params import JSONBody, PathParameter
from msgspec import UnsetType

from angarium_gateway.application.legal_holds import refuse_held
from angarium_gateway.application.tenants.tenants import NameTaken, Tenant
from angarium_gateway.domain.display_names import may_be_name

from .api_keys import new_key, noted_key
from .dependencies import Api, ApiDependencies
from .id_lists import list_response, window_of
from .noted_changes import note_change
from .parameters import LIMIT_DEFAULT, NAME_CHARS_MAX, Iterator, Limit, Order
from .problems import Fault, ProblemAnswer, Refused, invalid, problem_answer, refusal
from .schemas.api_keys import DISPLAY_NAME_REMEDY, ApiKeyCreatedOut, ApiKeyIn
from .schemas.fields import NAME_PATTERN
from .schemas.lists import ListResponse
from .schemas.tenants import TenantIn, TenantOut, TenantPatch, quotas_in, tenant_out

TenantRef = Annotated[
    str,
    PathParameter(pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The tenant's id."),
]


class TenantController(Controller):
    """Tenants: the owners of API keys, applications and event types."""

    path = "/api/v1/admin/tenant"
    tags = ("Platform",)

    @post(operation_id="v1.admin.tenant.create", summary="Create a tenant")
    async def create_tenant(self, api: Api, data: JSONBody[TenantIn]) -> TenantOut:
        """Creates a tenant and answers `201`. A name that is taken gets `409`."""
        _require_name(data.name)
        try:
            return _noted(None, await api.tenants.create(data.name))
        except NameTaken:
            raise Refused(_name_taken(data.name)) from None

    @get(operation_id="v1.admin.tenant.list", summary="List tenants")
    async def list_tenants(
        self,
        api: Api,
        limit: Limit = LIMIT_DEFAULT,
        iterator: Iterator = None,
        order: Order = "ascending",
    ) -> ListResponse[TenantOut]:
        """Returns all tenants, oldest first unless `order` says otherwise."""
        window = window_of(TENANT, limit, iterator, descending=order == "descending")
        return list_response(TENANT, await api.tenants.page(window), window, tenant_out)

    @get("/{tenant_id:str}", operation_id="v1.admin.tenant.get", summary="Get a tenant")
    async def get_tenant(self, api: Api, tenant_id: TenantRef) -> TenantOut:
        """Returns a tenant."""
        return tenant_out(await _tenant(api, tenant_id))

    @patch(
        "/{tenant_id:str}",
        operation_id="v1.admin.tenant.patch",
        summary="Rename, suspend, resume or limit a tenant",
    )
    async def patch_tenant(
        self, api: Api, tenant_id: TenantRef, data: JSONBody[TenantPatch]
    ) -> TenantOut:
        """Changes the fields that the body has, and keeps the others.

        All servers answer the requests of a suspended tenant with `403` within a second. Messages
        that were accepted before, scheduled ones included, go on being delivered.
        """
        tenant = await _tenant(api, tenant_id)
        changed: Tenant | None = tenant
        if not isinstance(data.name, UnsetType):
            _require_name(data.name)
            try:
                changed = await api.tenants.rename(tenant.id, data.name)
            except NameTaken:
                raise Refused(_name_taken(data.name)) from None
        if not isinstance(data.suspended, UnsetType):
            changed = await api.tenants.suspend(tenant.id, suspended=data.suspended)
        if not isinstance(data.quotas, UnsetType):
            changed = await api.tenants.limit(tenant.id, quotas_in(data.quotas))
        if changed is None:
            raise Refused(_no_such_tenant(tenant_id))
        return _noted(tenant, changed)

    @delete(
        "/{tenant_id:str}",
        operation_id="v1.admin.tenant.delete",
        summary="Delete a tenant and erase its data",
        status_code=202,
    )
    async def delete_tenant(self, api: Api, tenant_id: TenantRef) -> TenantOut:
        """Deletes a tenant, and answers `202`. This cannot be undone.

        All servers refuse its keys and tokens within a second, and its name is free. Its
        applications, endpoints and event types are deleted within a minute, and what is pending for
        them is canceled. Messages, attempts, keys and the audit log are erased in the background.

        The answer is `409` while a legal hold is on the tenant or one of its applications.
        """
        found = await _tenant(api, tenant_id)
        held = await refuse_held(api.legal_holds, found.id, None)
        if held is not None:
            raise Refused(refusal(held))
        deleted = await api.tenants.delete(found.id)
        if deleted is None:
            raise Refused(_no_such_tenant(tenant_id))
        return _noted(found, deleted)

    @post(
        "/{tenant_id:str}/api-key",
        operation_id="v1.admin.tenant.create-api-key",
        summary="Create an API key of a tenant",
    )
    async def create_key(
        self, api: Api, tenant_id: TenantRef, data: JSONBody[ApiKeyIn]
    ) -> ApiKeyCreatedOut:
        """Creates an API key of a tenant and answers `201` with its token, which cannot be read
        again. With a key of the scope `admin`, the tenant creates its other keys.
        """
        tenant = await _tenant(api, tenant_id)
        if tenant.deleted_at is not None:
            raise Refused(_no_such_tenant(tenant_id))
        new = await new_key(api, tenant.id, data)
        return noted_key(await api.keys.create(tenant.id, new))


def _noted(before: Tenant | None, tenant: Tenant) -> TenantOut:
    after = tenant_out(tenant)
    note_change(None if before is None else tenant_out(before), after)
    return after


async def _tenant(api: ApiDependencies, ref: str) -> Tenant:
    named = parse_id(TENANT, ref)
    found = None if named is None else await api.tenants.get(named)
    if found is None:
        raise Refused(_no_such_tenant(ref))
    return found


def _require_name(name: str) -> None:
    if not may_be_name(name):
        raise Refused(invalid(Fault(("body", "name"), DISPLAY_NAME_REMEDY)))


def _no_such_tenant(ref: str) -> ProblemAnswer:
    detail = f"There is no tenant {ref}. List the tenants to find its id."
    return problem_answer(404, "not_found", "Not found", detail)


def _name_taken(name: str) -> ProblemAnswer:
    detail = f"There is a tenant named {name} already. Choose another name."
    return problem_answer(409, "conflict", "Conflict", detail)
