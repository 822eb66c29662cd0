"""Export and import of a tenant's configuration over HTTP."""

import msgspec
from angarium_contracts.configuration import (
    Applications,
    Endpoints,
    EventTypes,
    ListApplications,
    ListEndpoints,
    ListEventTypes,
)
from angarium_contracts.endpoint_options import EndpointHeaders, GetEndpointHeaders
from angarium_contracts.tenant_policy import GetTenantPolicy, TenantPolicy
from angarium_gateway.adapters.http.environment.members import NOT_READ
from angarium_gateway.adapters.http.schemas.endpoints import EndpointOut, EndpointPatch
from angarium_gateway.adapters.http.schemas.former_names import FORMER_NAMES

from .conftest import APPLICATION, ENDPOINT, ENDPOINT_ID, World


async def test_a_request_without_a_body_exports_everything(world: World) -> None:
    world.dispatcher.answers |= {
        GetTenantPolicy: TenantPolicy(),
        ListEventTypes: EventTypes(items=(), done=True),
        ListApplications: Applications(items=(APPLICATION,), done=True),
        ListEndpoints: Endpoints(items=(ENDPOINT,), done=True),
        GetEndpointHeaders: EndpointHeaders(ENDPOINT_ID),
    }
    answer = await world.client.post("/api/v1/environment/export")
    assert answer.status_code == 200
    whole = answer.json()
    assert [each["uid"] for each in whole["applications"]] == ["acme"]
    asked = await world.client.post("/api/v1/environment/export", json={"limit": 5})
    assert asked.json() | {"createdAt": ""} == whole | {"createdAt": ""}


def test_each_option_of_an_endpoint_is_exported_or_named_as_left_out() -> None:
    """A new option must be returned by the API, or be in NOT_READ."""
    returned = {each.encode_name for each in msgspec.structs.fields(EndpointOut)}
    written = {
        each.encode_name
        for each in msgspec.structs.fields(EndpointPatch)
        if each.name not in FORMER_NAMES
    }
    assert written <= returned | NOT_READ
    assert written >= NOT_READ
