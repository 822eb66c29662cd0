"""/api/v1/api-key"""

from datetime import UTC, datetime
from typing import Annotated

from angarium_contracts.ids import API_KEY, parse_id
from angarium_contracts.queries import Problem, ProblemCode
from litestar import Controller, delete, get, post
from litestar.params import JSONBody, PathParameter

from angarium_gateway.application.tenants.api_keys import CreatedKey, NewApiKey
from angarium_gateway.domain.display_names import may_be_name
from angarium_gateway.domain.permissions import KeyScope

from .dependencies import Api, ApiDependencies, CurrentCaller
from .id_lists import list_response, window_of
from .noted_changes import note_change
from .parameters import LIMIT_DEFAULT, NAME_CHARS_MAX, Iterator, Limit, Order
from .problems import Fault, ProblemAnswer, Refused, invalid, problem_answer, refusal
from .schemas.api_keys import (
    DISPLAY_NAME_REMEDY,
    ApiKeyCreatedOut,
    ApiKeyIn,
    ApiKeyOut,
    api_key_created_out,
    api_key_out,
)
from .schemas.fields import NAME_PATTERN
from .schemas.lists import ListResponse
from .schemas.tenants import rates_in

KeyRef = Annotated[
    str,
    PathParameter(pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The key's id."),
]


class ApiKeyController(Controller):
    """The API keys of the tenant. Only keys with the scope `admin` manage keys."""

    path = "/api/v1/api-key"
    tags = ("API Key",)

    @post(operation_id="v1.api-key.create", summary="Create an API key")
    async def create_key(
        self, api: Api, caller: CurrentCaller, data: JSONBody[ApiKeyIn]
    ) -> ApiKeyCreatedOut:
        """Creates an API key and answers `201` with its token, which cannot be read again.

        The key works everywhere at once.
        """
        new = await new_key(api, caller.tenant_id, data)
        return noted_key(await api.keys.create(caller.tenant_id, new))

    @get(operation_id="v1.api-key.list", summary="List API keys")
    async def list_keys(
        self,
        api: Api,
        caller: CurrentCaller,
        limit: Limit = LIMIT_DEFAULT,
        iterator: Iterator = None,
        order: Order = "descending",
    ) -> ListResponse[ApiKeyOut]:
        """Returns the tenant's API keys without their tokens, newest first unless `order` says
        otherwise. Revoked and expired keys are included.
        """
        window = window_of(API_KEY, limit, iterator, descending=order == "descending")
        page = await api.keys.page(caller.tenant_id, window)
        return list_response(API_KEY, page, window, api_key_out)

    @get("/{key_id:str}", operation_id="v1.api-key.get", summary="Get an API key")
    async def get_key(self, api: Api, caller: CurrentCaller, key_id: KeyRef) -> ApiKeyOut:
        """Returns an API key without its token."""
        named = parse_id(API_KEY, key_id)
        found = None if named is None else await api.keys.get(caller.tenant_id, named)
        if found is None:
            raise Refused(_no_such_key(key_id))
        return api_key_out(found)

    @delete("/{key_id:str}", operation_id="v1.api-key.revoke", summary="Revoke an API key")
    async def revoke_key(self, api: Api, caller: CurrentCaller, key_id: KeyRef) -> None:
        """Revokes an API key permanently, and answers `204`. All servers refuse it within a second.

        A key that is revoked already, or that does not exist, gets `404`.
        """
        named = parse_id(API_KEY, key_id)
        if named is None or not await api.keys.revoke(caller.tenant_id, named):
            raise Refused(_no_such_key(key_id))
        note_change({"revoked": False}, {"revoked": True})


def noted_key(created: CreatedKey) -> ApiKeyCreatedOut:
    """The answer with a new key, which is noted for the audit log without its token."""
    note_change(None, api_key_out(created.key))
    return api_key_created_out(created)


async def new_key(api: ApiDependencies, tenant_id: bytes, data: ApiKeyIn) -> NewApiKey:
    """The key that a request asks for. Raises `Refused` (422)."""
    if not may_be_name(data.name):
        raise Refused(invalid(Fault(("body", "name"), DISPLAY_NAME_REMEDY)))
    expires_at = data.expires_at
    if expires_at is not None and expires_at.tzinfo is None:
        expires_at = expires_at.replace(tzinfo=UTC)
    if expires_at is not None and expires_at <= datetime.now(UTC):
        message = "This time has passed. Give a time in the future, or leave it out."
        raise Refused(invalid(Fault(("body", "expiresAt"), message)))
    return NewApiKey(
        name=data.name,
        scope=KeyScope(data.scope),
        application_id=await _application(api, tenant_id, data),
        expires_at=expires_at,
        rates=rates_in(data.rates),
    )


async def _application(api: ApiDependencies, tenant_id: bytes, data: ApiKeyIn) -> bytes | None:
    if data.scope != "application":
        if data.app_id is not None:
            message = "Only keys with the scope `application` have an `appId`. Leave it out."
            raise Refused(invalid(Fault(("body", "appId"), message)))
        return None
    if data.app_id is None:
        message = "The scope `application` needs `appId`: the id or uid of an application."
        raise Refused(invalid(Fault(("body", "appId"), message)))
    found = await api.directory.find(tenant_id, data.app_id)
    if not isinstance(found, Problem):
        return found.id
    if found.code is ProblemCode.NOT_FOUND:
        message = "There is no such application. Give the id or uid of one that exists."
        raise Refused(invalid(Fault(("body", "appId"), message)))
    raise Refused(refusal(found))


def _no_such_key(key_id: str) -> ProblemAnswer:
    detail = f"There is no API key {key_id}, or it is revoked. List the keys to find its id."
    return problem_answer(404, "not_found", "Not found", detail)
