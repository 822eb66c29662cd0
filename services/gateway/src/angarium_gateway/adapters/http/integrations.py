"""/api/v1/app/{app_id}/integration"""

from typing import Annotated

from angarium_contracts.ids import API_KEY, parse_id
from angarium_contracts.queries import Problem
from litestar import Controller, delete, get, post, put
from litestar.params import JSONBody, PathParameter

from angarium_gateway.application.tenants.api_keys import NewApiKey
from angarium_gateway.domain.display_names import may_be_name
from angarium_gateway.domain.permissions import KeyScope

from .dependencies import Api, ApiDependencies, CurrentCaller
from .gzip_bodies import UNCOMPRESSED
from .id_lists import list_response, window_of
from .noted_changes import note_change
from .parameters import (
    LIMIT_DEFAULT,
    NAME_CHARS_MAX,
    ApplicationRef,
    Iterator,
    Limit,
    Order,
)
from .problems import Fault, ProblemAnswer, Refused, invalid, problem_answer, refusal
from .schemas.api_keys import DISPLAY_NAME_REMEDY
from .schemas.fields import NAME_PATTERN
from .schemas.integrations import (
    IntegrationIn,
    IntegrationKeyOut,
    IntegrationOut,
    IntegrationUpdate,
    integration_out,
)
from .schemas.lists import ListResponse

IntegrationRef = Annotated[
    str,
    PathParameter(
        pattern=NAME_PATTERN, max_length=NAME_CHARS_MAX, description="The integration's id."
    ),
]


class IntegrationController(Controller):
    """Integrations: the API keys of an application that third parties use."""

    path = "/api/v1/app/{app_id:str}/integration"
    tags = ("Integration",)

    @get(operation_id="v1.integration.list", summary="List integrations")
    async def list_integrations(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        limit: Limit = LIMIT_DEFAULT,
        iterator: Iterator = None,
        order: Order = "descending",
    ) -> ListResponse[IntegrationOut]:
        """Returns the application's integrations, newest first unless `order` says otherwise.

        They are its API keys of the scope `application`, without those that are revoked or have
        expired.
        """
        application_id = await _application(api, caller.tenant_id, app_id)
        window = window_of(API_KEY, limit, iterator, descending=order == "descending")
        page = await api.integrations.page(caller.tenant_id, application_id, window)
        return list_response(API_KEY, page, window, integration_out)

    @post(operation_id="v1.integration.create", summary="Create an integration")
    async def create_integration(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[IntegrationIn],
    ) -> IntegrationOut:
        """Creates an API key of the scope `application`, and answers `201` without it. Get the key
        with *Rotate the key of an integration*.
        """
        _check_name(data.name)
        new = NewApiKey(
            name=data.name,
            scope=KeyScope.APPLICATION,
            application_id=await _application(api, caller.tenant_id, app_id),
            feature_flags=_flags(data),
        )
        created = integration_out((await api.keys.create(caller.tenant_id, new)).key)
        note_change(None, created)
        return created

    @get("/{integ_id:str}", operation_id="v1.integration.get", summary="Get an integration")
    async def get_integration(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, integ_id: IntegrationRef
    ) -> IntegrationOut:
        """Returns an integration without its key."""
        application_id = await _application(api, caller.tenant_id, app_id)
        key_id = _key_id(integ_id)
        found = await api.integrations.get(caller.tenant_id, application_id, key_id)
        if found is None:
            raise Refused(_absent(integ_id))
        return integration_out(found)

    @put(
        "/{integ_id:str}",
        operation_id="v1.integration.update",
        summary="Replace an integration",
    )
    async def update_integration(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        integ_id: IntegrationRef,
        data: JSONBody[IntegrationUpdate],
    ) -> IntegrationOut:
        """Replaces the name and the feature flags. The key stays as it is."""
        _check_name(data.name)
        changed = await api.integrations.change(
            caller.tenant_id,
            await _application(api, caller.tenant_id, app_id),
            _key_id(integ_id),
            name=data.name,
            feature_flags=_flags(data),
        )
        if changed is None:
            raise Refused(_absent(integ_id))
        after = integration_out(changed.after)
        note_change(integration_out(changed.before), after)
        return after

    @delete(
        "/{integ_id:str}", operation_id="v1.integration.delete", summary="Delete an integration"
    )
    async def delete_integration(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, integ_id: IntegrationRef
    ) -> None:
        """Revokes the integration's key permanently, and answers `204`. All servers refuse it
        within a second.
        """
        application_id = await _application(api, caller.tenant_id, app_id)
        key_id = _key_id(integ_id)
        found = await api.integrations.get(caller.tenant_id, application_id, key_id)
        if found is None or not await api.keys.revoke(caller.tenant_id, key_id):
            raise Refused(_absent(integ_id))
        note_change(integration_out(found), None)

    @post(
        "/{integ_id:str}/key/rotate",
        operation_id="v1.integration.rotate-key",
        summary="Rotate the key of an integration",
        status_code=200,
        opt={UNCOMPRESSED: True},
    )
    async def rotate_integration_key(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, integ_id: IntegrationRef
    ) -> IntegrationKeyOut:
        """Gives the integration a new key and returns it; it cannot be read again. All servers
        refuse the key before it within a second.
        """
        rotated = await api.integrations.rotate(
            caller.tenant_id,
            await _application(api, caller.tenant_id, app_id),
            _key_id(integ_id),
        )
        if rotated is None:
            raise Refused(_absent(integ_id))
        note_change({"key": "the former"}, {"key": "the new"})
        return IntegrationKeyOut(key=rotated.token)


async def _application(api: ApiDependencies, tenant_id: bytes, ref: str) -> bytes:
    found = await api.directory.find(tenant_id, ref)
    if isinstance(found, Problem):
        raise Refused(refusal(found))
    return found.id


def _check_name(name: str) -> None:
    if not may_be_name(name):
        raise Refused(invalid(Fault(("body", "name"), DISPLAY_NAME_REMEDY)))


def _flags(data: IntegrationIn | IntegrationUpdate) -> tuple[str, ...]:
    flags = tuple(data.feature_flags or ())
    if len(set(flags)) != len(flags):
        message = "`featureFlags` must not repeat a value. Remove the repeats."
        raise Refused(invalid(Fault(("body", "featureFlags"), message)))
    return flags


def _key_id(integ_id: str) -> bytes:
    key_id = parse_id(API_KEY, integ_id)
    if key_id is None:
        raise Refused(_absent(integ_id))
    return key_id


def _absent(integ_id: str) -> ProblemAnswer:
    detail = (
        f"There is no integration {integ_id}, or its key is revoked or has expired. List the"
        " integrations to find its id."
    )
    return problem_answer(404, "not_found", "Not found", detail)
