"""Applications, on both engines: the Svix API's semantics."""

from dataclasses import replace

import pytest
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEndpoint,
    DeleteApplication,
    DeleteEndpoint,
    PatchApplication,
    UpdateApplication,
)
from angarium_contracts.ids import APPLICATION, format_id
from angarium_dispatcher.application.configuration.references import get_application
from angarium_dispatcher.application.configuration.store import Without
from angarium_dispatcher.application.endpoints.delete_endpoint import delete_endpoint
from angarium_dispatcher.application.endpoints.save_endpoint import create_endpoint
from angarium_dispatcher.application.tenants.delete_application import delete_application
from angarium_dispatcher.application.tenants.save_application import (
    create_application,
    patch_application,
    replace_application,
)
from angarium_dispatcher.domain.paging import APPLICATIONS, page_request
from angarium_dispatcher.domain.refusals import AlreadyTaken, InvalidField, NotFound

from ..conftest import Bench

TENANT, OTHER = b"t" * 16, b"o" * 16


async def test_a_created_application_is_found_by_id_and_by_uid(bench: Bench) -> None:
    saved = await create_application(
        CreateApplication(TENANT, "Acme", "acme", 10, {"plan": "gold\n\x00ü"}), bench.context
    )
    assert saved.created
    for ref in (format_id(APPLICATION, saved.application.id), "acme"):
        assert await get_application(bench.reads, TENANT, ref) == saved.application
    assert saved.application.version == 1
    assert saved.application.metadata == {"plan": "gold\n\x00ü"}


async def test_another_tenant_does_not_find_it(bench: Bench) -> None:
    saved = await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    for ref in (format_id(APPLICATION, saved.application.id), "acme"):
        with pytest.raises(NotFound):
            await get_application(bench.reads, OTHER, ref)
        with pytest.raises(NotFound):
            await delete_application(DeleteApplication(OTHER, ref), bench.context)
    same_uid = await create_application(CreateApplication(OTHER, "Other", "acme"), bench.context)
    assert same_uid.created


async def test_a_taken_uid_is_a_conflict_that_names_it_and_changes_nothing(bench: Bench) -> None:
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    with pytest.raises(AlreadyTaken, match="'acme'"):
        await create_application(CreateApplication(TENANT, "Again", "acme"), bench.context)
    assert await bench.reads.directory_version() == 1
    assert len(bench.announcer.changes) == 1


async def test_get_if_exists_gives_the_existing_one_as_it_is(bench: Bench) -> None:
    first = await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    again = await create_application(
        CreateApplication(TENANT, "New name", "acme", get_if_exists=True), bench.context
    )
    assert not again.created
    assert again.application == first.application
    assert await bench.reads.directory_version() == 1


async def test_put_on_an_unknown_uid_creates_and_on_an_unknown_id_does_not(bench: Bench) -> None:
    saved = await replace_application(UpdateApplication(TENANT, "acme", "Acme"), bench.context)
    assert saved.created
    assert saved.application.uid == "acme"
    for ref in (format_id(APPLICATION, b"x" * 16), "app_nonsense"):
        with pytest.raises(NotFound):
            await replace_application(UpdateApplication(TENANT, ref, "Acme"), bench.context)


async def test_the_same_put_twice_does_the_same(bench: Bench) -> None:
    command = UpdateApplication(TENANT, "acme", "Acme", throttle_rate=5)
    first = await replace_application(command, bench.context)
    second = await replace_application(command, bench.context)
    assert not second.created
    assert (second.application.id, second.application.uid) == (first.application.id, "acme")
    assert second.application.updated_at > first.application.updated_at
    assert second.application.created_at == first.application.created_at
    assert second.application.version == 2


async def test_put_replaces_every_member(bench: Bench) -> None:
    first = await create_application(
        CreateApplication(TENANT, "Acme", "acme", 5, {"a": "b"}), bench.context
    )
    ref = format_id(APPLICATION, first.application.id)
    saved = await replace_application(UpdateApplication(TENANT, ref, "New"), bench.context)
    application = saved.application
    assert (application.name, application.uid) == ("New", None)
    assert (application.throttle_rate, application.metadata) == (None, {})
    renamed = await replace_application(UpdateApplication(TENANT, ref, "New", "two"), bench.context)
    assert renamed.application.uid == "two"


async def test_a_put_that_creates_refuses_another_uid_than_the_path(bench: Bench) -> None:
    with pytest.raises(InvalidField) as refused:
        await replace_application(UpdateApplication(TENANT, "one", "Acme", "two"), bench.context)
    assert refused.value.field == "uid"


async def test_patch_changes_only_what_it_sets_and_none_clears(bench: Bench) -> None:
    await create_application(
        CreateApplication(TENANT, "Acme", "acme", 5, {"a": "b"}), bench.context
    )
    saved = await patch_application(
        PatchApplication(TENANT, "acme", throttle_rate=None), bench.context
    )
    assert saved.application.name == "Acme"
    assert saved.application.metadata == {"a": "b"}
    assert saved.application.throttle_rate is None
    await create_application(CreateApplication(TENANT, "Other", "other"), bench.context)
    with pytest.raises(AlreadyTaken):
        await patch_application(PatchApplication(TENANT, "acme", uid="other"), bench.context)
    own = await patch_application(PatchApplication(TENANT, "acme", uid="acme"), bench.context)
    assert own.application.uid == "acme"


async def test_a_deleted_application_is_gone_and_its_uid_free(bench: Bench) -> None:
    first = await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    deleted = await delete_application(DeleteApplication(TENANT, "acme"), bench.context)
    tombstone = deleted.tombstone
    assert deleted.before == first.application
    assert (tombstone.id, tombstone.deleted, tombstone.version) == (first.application.id, True, 2)
    with pytest.raises(NotFound):
        await get_application(bench.reads, TENANT, "acme")
    with pytest.raises(NotFound):
        await delete_application(DeleteApplication(TENANT, "acme"), bench.context)
    again = await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    assert again.created
    assert again.application.id != first.application.id


async def test_lists_are_in_the_order_of_creation_and_of_one_tenant(bench: Bench) -> None:
    await create_application(CreateApplication(OTHER, "Theirs"), bench.context)
    for number in range(5):
        await create_application(CreateApplication(TENANT, str(number), str(number)), bench.context)
    await delete_application(DeleteApplication(TENANT, "2"), bench.context)

    async def names(iterator: str | None, *, descending: bool = False) -> tuple[str, str | None]:
        request = page_request(APPLICATIONS, limit=3, iterator=iterator, descending=descending)
        page = await bench.reads.list_applications(TENANT, request)
        found = "".join([one.name for one in page.items])
        return found + ("." if page.done else ""), page.iterator

    first, iterator = await names(None)
    second, _ = await names(iterator)
    assert (first, second) == ("013", "4.")
    first, iterator = await names(None, descending=True)
    second, _ = await names(iterator, descending=True)
    assert (first, second) == ("431", "0.")


@pytest.mark.parametrize("dots", [".", "..", "..."])
async def test_a_uid_of_dots_only_is_refused_wherever_it_comes_from(
    bench: Bench, dots: str
) -> None:
    await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    for field, attempt in (
        ("uid", create_application(CreateApplication(TENANT, "A", dots), bench.context)),
        ("app_id", replace_application(UpdateApplication(TENANT, dots, "A"), bench.context)),
        (
            "uid",
            replace_application(UpdateApplication(TENANT, "acme", "A", uid=dots), bench.context),
        ),
        ("uid", patch_application(PatchApplication(TENANT, "acme", uid=dots), bench.context)),
    ):
        with pytest.raises(InvalidField) as refused:
            await attempt
        assert refused.value.field == field
    assert (await get_application(bench.reads, TENANT, "acme")).name == "Acme"


async def test_an_application_that_has_such_a_uid_already_can_be_changed(bench: Bench) -> None:
    saved = await create_application(CreateApplication(TENANT, "Acme", "acme"), bench.context)
    named = replace(saved.application, uid="..")
    await bench.context.changes.apply(lambda change: change.replace_application(named))
    changed = await patch_application(PatchApplication(TENANT, "..", name="New"), bench.context)
    assert (changed.application.name, changed.application.uid) == ("New", "..")
    replaced = await replace_application(UpdateApplication(TENANT, "..", "Newer"), bench.context)
    assert (replaced.application.uid, replaced.created) == ("..", False)
    await delete_application(DeleteApplication(TENANT, ".."), bench.context)


@pytest.mark.parametrize(
    ("without", "left"),
    [
        (Without(), {"none", "gone", "off", "on", "play", "play-and-off", "both"}),
        (Without(no_endpoints=True), {"off", "on", "play", "play-and-off", "both"}),
        (Without(disabled=True), {"none", "gone", "on", "play", "play-and-off", "both"}),
        (Without(svix_play=True), {"none", "gone", "off", "on", "play-and-off", "both"}),
        (Without(True, True, True), {"on", "play-and-off", "both"}),
    ],
)
async def test_a_list_leaves_out_applications_by_their_endpoints(
    bench: Bench, without: Without, left: set[str]
) -> None:
    own, play = "https://example.com/", "https://play.svix.com/in/e_1/"
    endpoints = {
        "none": [],
        "gone": [(own, False)],
        "off": [(own, True)],
        "on": [(own, False)],
        "play": [(play, False)],
        "play-and-off": [(play, False), (own, True)],
        "both": [(own, False), (own, True)],
    }
    for uid, theirs in endpoints.items():
        await create_application(CreateApplication(TENANT, uid, uid), bench.context)
        for number, (url, disabled) in enumerate(theirs):
            command = CreateEndpoint(TENANT, uid, url, f"e{number}", disabled=disabled)
            await create_endpoint(command, bench.context)
    await delete_endpoint(DeleteEndpoint(TENANT, "gone", "e0"), bench.context)
    page = page_request(APPLICATIONS, limit=50, iterator=None, descending=False)
    found = await bench.reads.list_applications(TENANT, page, without)
    assert {application.uid for application in found.items} == left
