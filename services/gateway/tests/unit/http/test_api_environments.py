"""Export and import of a tenant's configuration over HTTP."""

import msgspec
import pytest
from angarium_contracts.application_kinds import ApplicationKind
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
from angarium_gateway.adapters.http.environment.positions import ExportPosition, position_of
from angarium_gateway.adapters.http.schemas.endpoints import EndpointOut, EndpointPatch
from angarium_gateway.adapters.http.schemas.environment import (
    EnvironmentOperationalEndpoint,
    EnvironmentSource,
    EnvironmentStream,
)
from angarium_gateway.adapters.http.schemas.former_names import FORMER_NAMES
from angarium_gateway.adapters.http.schemas.ingest import IngestSourceIn
from angarium_gateway.adapters.http.schemas.operational_webhooks import (
    OperationalWebhookEndpointUpdate,
)
from angarium_gateway.adapters.http.schemas.streams import StreamIn

from .conftest import APPLICATION, ENDPOINT, ENDPOINT_ID, World


async def test_a_request_without_a_body_exports_everything(world: World) -> None:
    world.dispatcher.answers |= {
        GetTenantPolicy: TenantPolicy(),
        ListEventTypes: EventTypes(items=(), done=True),
        ListApplications: lambda asked: Applications(
            (APPLICATION,) if asked.kind == ApplicationKind.APPLICATION else (), done=True
        ),
        ListEndpoints: Endpoints(items=(ENDPOINT,), done=True),
        GetEndpointHeaders: EndpointHeaders(ENDPOINT_ID),
    }
    answer = await world.client.post("/api/v1/environment/export")
    assert answer.status_code == 200
    whole = answer.json()
    assert [each["uid"] for each in whole["applications"]] == ["acme"]
    assert (whole["sources"], whole["streams"], whole["operationalEndpoints"][0]["uid"]) == (
        [],
        [],
        ENDPOINT.uid,
    )
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


def test_each_member_of_a_source_and_a_stream_is_exported_or_named_as_left_out() -> None:
    """A new member must be in the document, too."""
    for written, document in (
        (IngestSourceIn, EnvironmentSource),
        (StreamIn, EnvironmentStream),
        (OperationalWebhookEndpointUpdate, EnvironmentOperationalEndpoint),
    ):
        names = {each.name for each in msgspec.structs.fields(written)} - FORMER_NAMES.keys()
        assert names <= {each.name for each in msgspec.structs.fields(document)}


@pytest.mark.parametrize("iterator", [None, "it_abc", "-it_abc"])
@pytest.mark.parametrize("kind", ApplicationKind)
def test_a_position_is_read_as_it_was_written(kind: ApplicationKind, iterator: str | None) -> None:
    position = ExportPosition(kind, iterator)
    assert position_of(position.text()) == position


def test_an_export_has_applications_then_sources_then_streams() -> None:
    position: ExportPosition | None = ExportPosition()
    kinds = []
    while position is not None:
        kinds.append(position.kind)
        assert position.following("it_x", done=False) == ExportPosition(position.kind, "it_x")
        position = position.following("it_x", done=True)
    assert kinds == list(ApplicationKind)
