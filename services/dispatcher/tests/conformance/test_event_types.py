"""Event types, on both engines."""

import pytest
from angarium_contracts.configuration import (
    CreateEventType,
    DeleteEventType,
    PatchEventType,
    UpdateEventType,
)
from angarium_dispatcher.application.tenants.delete_event_type import delete_event_type
from angarium_dispatcher.application.tenants.save_event_type import (
    create_event_type,
    patch_event_type,
    replace_event_type,
)
from angarium_dispatcher.domain.event_type import newest_schema
from angarium_dispatcher.domain.paging import EVENT_TYPES, page_request
from angarium_dispatcher.domain.refusals import AlreadyTaken, InvalidField, NotFound

from ..conftest import Bench

TENANT, OTHER = b"t" * 16, b"o" * 16
SCHEMAS = b'{"1": {"type": "object"}}'


async def test_an_existing_event_type_is_a_conflict(bench: Bench) -> None:
    saved = await create_event_type(
        CreateEventType(TENANT, "a.b", "text", feature_flag="new", schemas=SCHEMAS), bench.context
    )
    assert saved.created
    assert await bench.reads.find_event_type(TENANT, "a.b") == saved.event_type
    assert await bench.reads.find_event_type(b"x" * 16, "a.b") is None
    with pytest.raises(AlreadyTaken, match=r"'a\.b'"):
        await create_event_type(CreateEventType(TENANT, "a.b", ""), bench.context)


async def test_deleting_archives_and_creating_again_revives_with_the_new_content(
    bench: Bench,
) -> None:
    await create_event_type(CreateEventType(TENANT, "a.b", "old", schemas=SCHEMAS), bench.context)
    await delete_event_type(DeleteEventType(TENANT, "a.b"), bench.context)
    archived = await bench.reads.find_event_type(TENANT, "a.b")
    assert archived is not None
    assert archived.archived
    await delete_event_type(DeleteEventType(TENANT, "a.b"), bench.context)
    revived = await create_event_type(CreateEventType(TENANT, "a.b", "new"), bench.context)
    assert (revived.event_type.archived, revived.event_type.description) == (False, "new")
    assert revived.event_type.schemas is None


async def test_expunging_removes_it(bench: Bench) -> None:
    await create_event_type(CreateEventType(TENANT, "a.b", ""), bench.context)
    await delete_event_type(DeleteEventType(TENANT, "a.b", expunge=True), bench.context)
    assert await bench.reads.find_event_type(TENANT, "a.b") is None
    with pytest.raises(NotFound):
        await delete_event_type(DeleteEventType(TENANT, "a.b", expunge=True), bench.context)


async def test_put_creates_or_replaces_and_patch_changes_what_it_sets(bench: Bench) -> None:
    first = await replace_event_type(UpdateEventType(TENANT, "a.b", "one"), bench.context)
    assert first.created
    second = await replace_event_type(
        UpdateEventType(TENANT, "a.b", "two", schemas=SCHEMAS), bench.context
    )
    assert not second.created
    assert second.event_type.created_at == first.event_type.created_at
    third = await patch_event_type(PatchEventType(TENANT, "a.b", deprecated=True), bench.context)
    assert (third.event_type.description, third.event_type.deprecated) == ("two", True)
    assert third.event_type.schemas == SCHEMAS
    with pytest.raises(NotFound):
        await patch_event_type(PatchEventType(TENANT, "c", deprecated=True), bench.context)
    with pytest.raises(InvalidField) as refused:
        await create_event_type(CreateEventType(TENANT, "a b", ""), bench.context)
    assert refused.value.field == "name"


async def test_lists_are_in_the_byte_order_of_names_without_the_archived(bench: Bench) -> None:
    for name in ("b", "a.b", "B", "_", "a-b", "a_b", "-"):
        await create_event_type(CreateEventType(TENANT, name, ""), bench.context)
    await delete_event_type(DeleteEventType(TENANT, "B"), bench.context)

    async def names(*, include_archived: bool) -> list[str]:
        found: list[str] = []
        iterator = None
        while True:
            request = page_request(EVENT_TYPES, limit=2, iterator=iterator, descending=False)
            page = await bench.reads.list_event_types(
                TENANT, request, include_archived=include_archived
            )
            found += [one.name for one in page.items]
            if page.done:
                return found
            iterator = page.iterator

    assert await names(include_archived=True) == ["-", "B", "_", "a-b", "a.b", "a_b", "b"]
    assert await names(include_archived=False) == ["-", "_", "a-b", "a.b", "a_b", "b"]


async def test_a_tenant_sees_and_changes_its_own_event_types_only(bench: Bench) -> None:
    for tenant, name in ((TENANT, "a"), (TENANT, "both"), (OTHER, "both"), (OTHER, "z")):
        await create_event_type(CreateEventType(tenant, name, tenant.decode()), bench.context)
    await patch_event_type(PatchEventType(TENANT, "both", description="new"), bench.context)
    await delete_event_type(DeleteEventType(TENANT, "both", expunge=True), bench.context)
    with pytest.raises(NotFound):
        await patch_event_type(PatchEventType(TENANT, "z", description="new"), bench.context)
    request = page_request(EVENT_TYPES, limit=9, iterator=None, descending=False)
    for tenant, names in ((TENANT, ["a"]), (OTHER, ["both", "z"])):
        page = await bench.reads.list_event_types(tenant, request, include_archived=True)
        assert [one.name for one in page.items] == names
        assert {one.description for one in page.items} == {tenant.decode()}


async def test_lists_for_some_feature_flags_leave_out_event_types_with_others(
    bench: Bench,
) -> None:
    flags: dict[str, tuple[str, ...] | None] = {
        "a": None,
        "b": ("beta",),
        "c": ("eu", "beta"),
        "d": ("be_a",),
        "e": ("beta2",),
    }
    for name, each in flags.items():
        await create_event_type(
            CreateEventType(TENANT, name, "", feature_flags=each), bench.context
        )

    async def names(*given: str) -> str:
        page = await bench.reads.list_event_types(
            TENANT,
            page_request(EVENT_TYPES, limit=10, iterator=None, descending=False),
            include_archived=False,
            feature_flags=given,
        )
        return "".join(one.name for one in page.items)

    assert await names() == "a"
    assert await names("beta") == "abc"
    assert await names("be_a", "eu") == "acd"
    assert await names("%") == "a"


async def test_event_types_take_no_directory_version(bench: Bench) -> None:
    await create_event_type(CreateEventType(TENANT, "a.b", ""), bench.context)
    assert await bench.reads.directory_version() == 0
    assert bench.announcer.changes == []


async def test_flags_and_group_are_read_back_and_cleared(bench: Bench) -> None:
    flags = ("beta", "eu")
    command = CreateEventType(
        TENANT, "a", "", feature_flag="beta", feature_flags=flags, group_name="billing"
    )
    saved = (await create_event_type(command, bench.context)).event_type
    assert await bench.reads.find_event_type(TENANT, "a") == saved
    assert (saved.feature_flags, saved.group_name) == (flags, "billing")
    patch = PatchEventType(TENANT, "a", feature_flag=None, feature_flags=None, group_name=None)
    cleared = (await patch_event_type(patch, bench.context)).event_type
    assert (cleared.feature_flag, cleared.feature_flags, cleared.group_name) == (None, None, None)


async def test_the_one_flag_of_an_earlier_gateway_is_the_only_one(bench: Bench) -> None:
    await create_event_type(CreateEventType(TENANT, "a", "", feature_flag="beta"), bench.context)
    found = await bench.reads.find_event_type(TENANT, "a")
    assert found is not None
    assert found.feature_flags == ("beta",)


async def test_schemas_are_checked_when_they_are_saved(bench: Bench) -> None:
    wrong = b'{"1": {"readOnly": 15}}'
    context = bench.context
    await create_event_type(CreateEventType(TENANT, "b", ""), context)
    for saving in (
        create_event_type(CreateEventType(TENANT, "a", "", schemas=wrong), context),
        replace_event_type(UpdateEventType(TENANT, "a", "", schemas=wrong), context),
        patch_event_type(PatchEventType(TENANT, "b", schemas=wrong), context),
    ):
        with pytest.raises(InvalidField) as refusal:
            await saving
        assert (refusal.value.field, refusal.value.path) == ("schemas", ("1", "readOnly"))
    assert await bench.reads.find_event_type(TENANT, "a") is None


async def test_a_change_of_schemas_is_announced_and_any_other_is_not(bench: Bench) -> None:
    await create_event_type(CreateEventType(TENANT, "bare", ""), bench.context)
    assert bench.announcer.policies == []
    await create_event_type(CreateEventType(TENANT, "a.b", "", schemas=SCHEMAS), bench.context)
    await patch_event_type(PatchEventType(TENANT, "a.b", description="new"), bench.context)
    await patch_event_type(PatchEventType(TENANT, "a.b", schemas=b"{}"), bench.context)
    await delete_event_type(DeleteEventType(TENANT, "a.b", expunge=True), bench.context)
    await delete_event_type(DeleteEventType(TENANT, "bare", expunge=True), bench.context)
    assert bench.announcer.policies == [(frozenset({TENANT}), version) for version in (1, 2, 3)]
    assert await bench.reads.policy_version() == 3


def test_the_newest_schema_is_that_of_the_greatest_version() -> None:
    schemas = b'{"10": {"title": "ten"}, "9": {"title": "nine"}, "": {}}'
    assert newest_schema(schemas) == ("10", b'{"title":"ten"}')
    assert newest_schema(b'{"v1.9": {}, "v1.10": true}') == ("v1.10", b"true")
    assert newest_schema(b"{}") is None
    assert newest_schema(None) is None
