"""/api/v1/app"""

import pytest
from angarium_contracts.configuration import (
    ApplicationDeleted,
    Applications,
    CreateApplication,
    DeleteApplication,
    GetApplication,
    ListApplications,
    PatchApplication,
    UpdateApplication,
)
from angarium_contracts.directory import ApplicationState
from angarium_contracts.queries import Page, Problem, ProblemCode
from msgspec import UNSET
from msgspec.structs import replace

from .conftest import (
    APPLICATION,
    APPLICATION_ID,
    OTHER_TENANT,
    OTHER_TOKEN,
    STATE,
    TENANT,
    World,
    application_saved,
)

OUT = {
    "id": "app_30a6yWQIkoMMPJ4TQbF5a9",
    "uid": "acme",
    "name": "Acme",
    "throttleRate": None,
    "rateLimit": None,
    "metadata": {"plan": "gold"},
    "createdAt": "2030-01-02T03:04:05.678901Z",
    "updatedAt": "2030-01-02T03:04:05.678901Z",
}


async def test_a_new_application_is_201_and_known_before_the_client_is_answered(
    world: World,
) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)
    body = {"name": "Acme", "uid": "acme", "throttleRate": 5, "metadata": {"a": "b"}}
    answer = await world.client.post("/api/v1/app", json=body)
    assert answer.status_code == 201
    assert answer.headers["content-type"] == "application/json"
    assert answer.json() | {"id": OUT["id"]} == OUT
    assert answer.json()["id"].startswith("app_")
    assert world.dispatcher.asked == [
        CreateApplication(
            tenant_id=TENANT, name="Acme", uid="acme", throttle_rate=5, metadata={"a": "b"}
        )
    ]
    assert world.copy.learned == [STATE]


async def test_an_application_that_exists_is_200_when_asked_for(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=False)
    answer = await world.client.post(
        "/api/v1/app?get_if_exists=true", json={"name": "Acme", "uid": "acme"}
    )
    assert answer.status_code == 200
    asked = world.dispatcher.asked[0]
    assert isinstance(asked, CreateApplication)
    assert asked.get_if_exists


async def test_an_application_is_found_by_id_or_uid_of_its_own_tenant(world: World) -> None:
    world.dispatcher.answers[GetApplication] = application_saved()
    for path in ("/api/v1/app/acme", "/api/v1/app/acme/"):
        assert (await world.client.get(path)).json()["uid"] == "acme"
    other = {"authorization": f"bearer {OTHER_TOKEN}"}
    await world.client.get("/api/v1/app/acme", headers=other)
    assert world.dispatcher.asked == [
        GetApplication(tenant_id=tenant, ref="acme", of_any_kind=True)
        for tenant in (TENANT, TENANT, OTHER_TENANT)
    ]


async def test_a_list_passes_its_page_on_and_gives_both_iterators(world: World) -> None:
    world.dispatcher.answers[ListApplications] = Applications(
        items=(APPLICATION,), done=False, iterator="it_next", prev_iterator="-it_next"
    )
    answer = await world.client.get("/api/v1/app?limit=7&iterator=it_x&order=descending")
    assert answer.status_code == 200
    members = answer.json()
    assert [item["uid"] for item in members.pop("data")] == ["acme"]
    assert members == {"iterator": "it_next", "prevIterator": "-it_next", "done": False}
    await world.client.get("/api/v1/app")
    assert world.dispatcher.asked == [
        ListApplications(TENANT, Page(limit=7, iterator="it_x", descending=True)),
        ListApplications(TENANT, Page(limit=50)),
    ]


@pytest.mark.parametrize(
    ("parameter", "member"),
    [
        ("exclude_apps_with_no_endpoints", "without_no_endpoints"),
        ("exclude_apps_with_disabled_endpoints", "without_disabled"),
        ("exclude_apps_with_svix_play_endpoints", "without_svix_play"),
    ],
)
async def test_a_list_leaves_out_what_a_parameter_says(
    world: World, parameter: str, member: str
) -> None:
    world.dispatcher.answers[ListApplications] = Applications(items=(), done=True)
    await world.client.get("/api/v1/app", params={parameter: "true"})
    asked = replace(ListApplications(TENANT, Page()), **{member: True})
    assert world.dispatcher.asked == [asked]


async def test_a_search_is_the_dispatchers(world: World) -> None:
    world.dispatcher.answers[ListApplications] = Applications(items=(), done=True)
    answer = await world.client.get("/api/v1/app", params={"search": "Acme 100%"})
    assert answer.status_code == 200
    assert world.dispatcher.asked == [ListApplications(TENANT, Page(), search="Acme 100%")]


async def test_a_list_is_filtered_by_a_member_of_metadata(world: World) -> None:
    world.dispatcher.answers[ListApplications] = Applications(items=(), done=True)
    member = {"metadata_key": "plan", "metadata_value": ""}
    assert (await world.client.get("/api/v1/app", params=member)).status_code == 200
    assert world.dispatcher.asked == [ListApplications(TENANT, Page(), metadata=("plan", ""))]
    for name in member:
        other = {key: value for key, value in member.items() if key != name}
        answer = await world.client.get("/api/v1/app", params=other)
        assert answer.status_code == 422
        (fault,) = answer.json()["detail"]
        assert (fault["loc"], fault["msg"]) == (
            ["query", name],
            "Give `metadata_key` and `metadata_value` together.",
        )


async def test_a_put_is_200_when_it_replaces_and_201_when_it_creates(world: World) -> None:
    for created, status in ((False, 200), (True, 201)):
        world.dispatcher.answers[UpdateApplication] = application_saved(created=created)
        answer = await world.client.put("/api/v1/app/acme", json={"name": "Acme"})
        assert answer.status_code == status
    assert world.copy.learned == [STATE, STATE]


async def test_a_patch_tells_members_left_out_from_members_cleared(world: World) -> None:
    world.dispatcher.answers[PatchApplication] = application_saved()
    answer = await world.client.patch("/api/v1/app/acme", json={"uid": None, "throttleRate": 3})
    assert answer.status_code == 200
    assert world.dispatcher.asked == [
        PatchApplication(TENANT, "acme", name=UNSET, uid=None, throttle_rate=3, metadata=UNSET)
    ]
    assert world.copy.learned == [STATE]


async def test_a_deleted_application_is_204_and_gone_for_the_next_request(world: World) -> None:
    gone = ApplicationState(APPLICATION_ID, TENANT, version=9, deleted=True)
    world.copy.states[APPLICATION_ID] = STATE
    world.dispatcher.answers[DeleteApplication] = ApplicationDeleted(gone)
    world.dispatcher.answers[GetApplication] = Problem(
        code=ProblemCode.NOT_FOUND, detail="There is no such application."
    )
    assert (await world.client.get("/api/v1/app/acme/msg")).status_code == 200
    answer = await world.client.delete("/api/v1/app/acme")
    assert (answer.status_code, answer.content) == (204, b"")
    assert (await world.client.get("/api/v1/app/acme/msg")).status_code == 404


async def test_what_the_dispatcher_refuses_gets_its_status_and_its_words(world: World) -> None:
    cases = [
        (ProblemCode.NOT_FOUND, None, 404, "not_found"),
        (ProblemCode.CONFLICT, "uid", 409, "conflict"),
        (ProblemCode.UNAVAILABLE, None, 503, "unavailable"),
    ]
    for code, member, status, name in cases:
        world.dispatcher.answers[CreateApplication] = Problem(code, "do it otherwise", member)
        answer = await world.client.post("/api/v1/app", json={"name": "Acme"})
        assert answer.status_code == status
        assert answer.headers["content-type"] == "application/problem+json"
        assert answer.json()["code"] == name
        assert answer.json()["detail"] == "do it otherwise"
        assert answer.json()["status"] == status
        assert ("retry-after" in answer.headers) is (status == 503)
    assert world.copy.learned == []


async def test_an_invalid_member_is_located_in_body_query_or_path(world: World) -> None:
    for member, location in [
        ("uid", ["body", "uid"]),
        ("metadata.plan", ["body", "metadata", "plan"]),
        ("iterator", ["query", "iterator"]),
        ("app_id", ["path", "app_id"]),
        (None, ["body"]),
    ]:
        world.dispatcher.answers[UpdateApplication] = Problem(
            ProblemCode.INVALID, "Give another.", member
        )
        answer = await world.client.put("/api/v1/app/acme", json={"name": "Acme"})
        assert answer.status_code == 422
        assert answer.json()["detail"] == [
            {"loc": location, "msg": "Give another.", "type": "value_error"}
        ]


async def test_the_hours_for_which_payloads_are_kept_are_set_kept_and_cleared(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=True)
    world.dispatcher.answers[UpdateApplication] = application_saved()
    world.dispatcher.answers[PatchApplication] = application_saved()
    world.dispatcher.answers[GetApplication] = application_saved()
    world.dispatcher.answers[ListApplications] = Applications(items=(APPLICATION,), done=True)
    path = "/api/v1/app/acme"
    new = {"name": "Acme", "payloadRetentionHours": 24}
    made = await world.client.post("/api/v1/app", json=new)
    assert (made.status_code, made.json()["payloadRetentionHours"]) == (201, 24)
    # Clients that do not know the member keep it.
    for answer in (
        await world.client.put(path, json={"name": "Acme"}),
        await world.client.patch(path, json={"name": "Acme"}),
        await world.client.get(path),
    ):
        assert (answer.status_code, answer.json()["payloadRetentionHours"]) == (200, 24)
    listed = await world.client.get("/api/v1/app")
    assert [each["payloadRetentionHours"] for each in listed.json()["data"]] == [24]

    changed = await world.client.patch(path, json={"payloadRetentionHours": 1})
    assert changed.json()["payloadRetentionHours"] == 1
    cleared = await world.client.patch(path, json={"payloadRetentionHours": None})
    assert "payloadRetentionHours" not in cleared.json()
    assert world.payload_retentions.applications == {}


async def test_an_application_that_existed_keeps_its_hours(world: World) -> None:
    world.dispatcher.answers[CreateApplication] = application_saved(created=False)
    new = {"name": "Acme", "uid": "acme", "payloadRetentionHours": 24}
    answer = await world.client.post("/api/v1/app?get_if_exists=true", json=new)
    assert (answer.status_code, "payloadRetentionHours" in answer.json()) == (200, False)


@pytest.mark.parametrize("hours", [0, 2161, "24", 1.5])
async def test_hours_out_of_range_are_refused(world: World, hours: object) -> None:
    body = {"name": "Acme", "payloadRetentionHours": hours}
    answer = await world.client.post("/api/v1/app", json=body)
    assert answer.status_code == 422, answer.text
    assert answer.json()["detail"][0]["loc"] == ["body", "payloadRetentionHours"]
    assert world.dispatcher.asked == []


async def test_more_retentions_than_there_may_be_are_refused(world: World) -> None:
    world.dispatcher.answers[PatchApplication] = application_saved()
    world.payload_retentions.is_full = True
    answer = await world.client.patch("/api/v1/app/acme", json={"payloadRetentionHours": 1})
    assert (answer.status_code, answer.json()["code"]) == (409, "too_many_retentions")
