"""/api/v1/app/{app_id}/endpoint"""

from angarium_contracts.configuration import (
    CreateEndpoint,
    DeleteEndpoint,
    EndpointDeleted,
    Endpoints,
    EndpointSecret,
    GetEndpoint,
    GetEndpointSecret,
    ListEndpoints,
    PatchEndpoint,
    UpdateEndpoint,
)
from angarium_contracts.queries import Page, Problem, ProblemCode
from msgspec import UNSET

from .conftest import ENDPOINT, ENDPOINT_ID, STATE, TENANT, World, endpoint_saved

PATH = "/api/v1/app/acme/endpoint"


async def test_a_new_endpoint_is_201_with_all_members_of_the_sdk(world: World) -> None:
    world.dispatcher.answers[CreateEndpoint] = endpoint_saved(created=True)
    answer = await world.client.post(
        PATH, json={"url": "https://example.com/hook", "eventTypes": ["invoice.paid"]}
    )
    assert answer.status_code == 201
    members = answer.json()
    assert members.pop("id").startswith("ep_")
    assert members == {
        "uid": "orders",
        "url": "https://example.com/hook",
        "description": "",
        "disabled": False,
        "throttleRate": None,
        "rateLimit": None,
        "eventTypes": ["invoice.paid"],
        "filterTypes": ["invoice.paid"],
        "version": 1,
        "channels": None,
        "metadata": {},
        "createdAt": "2030-01-02T03:04:05.678901Z",
        "updatedAt": "2030-01-02T03:04:05.678901Z",
    }
    assert world.copy.learned == [STATE]


async def test_a_given_secret_travels_sealed_for_the_tenant(world: World) -> None:
    world.dispatcher.answers[CreateEndpoint] = endpoint_saved(created=True)
    plain = "MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    for given in (plain, f"whsec_{plain}"):
        answer = await world.client.post(PATH, json={"url": "https://e.com", "secret": given})
        assert answer.status_code == 201
        command = world.dispatcher.asked.pop()
        assert isinstance(command, CreateEndpoint)
        assert command.sealed_secret is not None
        assert plain.encode() not in command.sealed_secret
        assert world.seal.open(command.sealed_secret, TENANT) == f"whsec_{plain}".encode()


async def test_a_secret_comes_back_in_the_clear_to_its_owner_only_over_http(world: World) -> None:
    sealed = world.seal.close(b"whsec_abc", ENDPOINT_ID)
    world.dispatcher.answers[GetEndpointSecret] = EndpointSecret(ENDPOINT_ID, sealed)
    answer = await world.client.get(f"{PATH}/orders/secret/")
    assert (answer.status_code, answer.json()) == (200, {"key": "whsec_abc"})
    assert world.dispatcher.asked == [GetEndpointSecret(TENANT, "acme", "orders")]


async def test_a_secret_under_another_encryption_key_is_a_503_that_says_so(world: World) -> None:
    world.dispatcher.answers[GetEndpointSecret] = EndpointSecret(
        ENDPOINT_ID, world.seal.close(b"whsec_abc", b"another endpoint")
    )
    answer = await world.client.get(f"{PATH}/orders/secret")
    assert answer.status_code == 503
    assert "ANGARIUM_ENCRYPTION_KEY" in answer.json()["detail"]


async def test_a_list_names_the_application_as_the_caller_wrote_it(world: World) -> None:
    world.dispatcher.answers[ListEndpoints] = Endpoints(items=(ENDPOINT,), done=True)
    answer = await world.client.get(PATH)
    assert [item["uid"] for item in answer.json()["data"]] == ["orders"]
    assert answer.json()["iterator"] is None
    assert world.dispatcher.asked == [ListEndpoints(TENANT, "acme", Page(descending=True))]


async def test_endpoints_are_filtered_by_a_member_of_metadata(world: World) -> None:
    world.dispatcher.answers[ListEndpoints] = Endpoints(items=(), done=True)
    member = {"metadata_key": "plan", "metadata_value": "gold"}
    assert (await world.client.get(PATH, params=member)).status_code == 200
    question = ListEndpoints(TENANT, "acme", Page(descending=True), metadata=("plan", "gold"))
    assert world.dispatcher.asked == [question]


async def test_an_endpoint_is_found_by_id_or_uid(world: World) -> None:
    world.dispatcher.answers[GetEndpoint] = endpoint_saved()
    assert (await world.client.get(f"{PATH}/orders")).json()["uid"] == "orders"
    assert world.dispatcher.asked == [GetEndpoint(TENANT, "acme", "orders")]


async def test_a_put_is_200_when_it_replaces_and_201_when_it_creates(world: World) -> None:
    for created, status in ((False, 200), (True, 201)):
        world.dispatcher.answers[UpdateEndpoint] = endpoint_saved(created=created)
        answer = await world.client.put(f"{PATH}/orders", json={"url": "https://e.com"})
        assert answer.status_code == status
    assert world.dispatcher.asked[0] == UpdateEndpoint(TENANT, "acme", "orders", "https://e.com")
    assert world.copy.learned == [STATE, STATE]


async def test_a_patch_tells_members_left_out_from_members_cleared(world: World) -> None:
    world.dispatcher.answers[PatchEndpoint] = endpoint_saved()
    answer = await world.client.patch(
        f"{PATH}/orders", json={"channels": None, "eventTypes": ["a", "b"], "disabled": True}
    )
    assert answer.status_code == 200
    command = world.dispatcher.asked[0]
    assert isinstance(command, PatchEndpoint)
    assert (command.channels, command.event_types, command.disabled) == (None, ("a", "b"), True)
    assert (command.url, command.uid, command.metadata) == (UNSET, UNSET, UNSET)


async def test_a_deleted_endpoint_is_204_and_changes_the_application(world: World) -> None:
    world.dispatcher.answers[DeleteEndpoint] = EndpointDeleted(application=STATE)
    answer = await world.client.delete(f"{PATH}/orders")
    assert (answer.status_code, answer.content) == (204, b"")
    assert world.copy.learned == [STATE]


async def test_a_url_that_the_dispatcher_refuses_is_located_in_the_body(world: World) -> None:
    world.dispatcher.answers[CreateEndpoint] = Problem(
        ProblemCode.INVALID, "The URL's scheme is ftp. Begin it with https://.", "url"
    )
    answer = await world.client.post(PATH, json={"url": "ftp://example.com"})
    assert answer.status_code == 422
    assert answer.json()["detail"][0]["loc"] == ["body", "url"]
