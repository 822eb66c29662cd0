"""The copy of the application directory on both engines."""

import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.directory import ApplicationState, EndpointState
from angarium_gateway.adapters.database.application_copy import ApplicationCopyTable
from angarium_gateway.adapters.database.tables import application_copy
from angarium_gateway.application.configuration.application_directory import ApplicationCopy
from angarium_webhooks.directory_follower import DirectoryCopy
from msgspec.structs import replace
from sqlalchemy import select

from .conftest import TENANT, new_id

OTHER_TENANT = b"o" * 16


def a_state(
    uid: str | None = "acme",
    *,
    version: int = 1,
    application_id: bytes | None = None,
    tenant_id: bytes = TENANT,
    deleted: bool = False,
) -> ApplicationState:
    return ApplicationState(application_id or new_id(), tenant_id, version, uid, deleted)


@pytest.fixture
def copy(database: Database) -> ApplicationCopyTable:
    return ApplicationCopyTable(database)


async def test_an_application_is_found_by_uid_or_id_of_its_tenant(
    copy: ApplicationCopyTable,
) -> None:
    port: ApplicationCopy = copy
    state = a_state()
    await port.learn(state)
    assert await port.find(TENANT, None, "acme") == state
    assert await port.find(TENANT, state.id, "something else") == state
    assert await port.find(TENANT, None, "ACME") is None
    assert await port.find(OTHER_TENANT, state.id, "acme") is None
    assert await port.find(TENANT, new_id(), "nobody") is None


async def test_an_application_without_a_uid_is_found_by_its_id_only(
    copy: ApplicationCopyTable,
) -> None:
    state = a_state(None)
    await copy.learn(state)
    assert await copy.find(TENANT, state.id, "x") == state
    assert await copy.find(TENANT, None, "None") is None


async def test_a_newer_state_replaces_an_older_one_and_never_the_other_way(
    copy: ApplicationCopyTable,
) -> None:
    first = a_state(version=5)
    newer = a_state("renamed", version=7, application_id=first.id)
    await copy.learn(first)
    await copy.learn(newer)
    await copy.learn(a_state("older", version=6, application_id=first.id))
    assert await copy.find(TENANT, first.id, "x") == newer
    assert await copy.find(TENANT, None, "acme") is None
    assert await copy.find(TENANT, None, "older") is None


async def test_a_deleted_application_is_not_found_and_its_uid_can_be_used_again(
    copy: ApplicationCopyTable,
) -> None:
    first = a_state(version=1)
    await copy.learn(first)
    await copy.learn(a_state(version=2, application_id=first.id, deleted=True))
    assert await copy.find(TENANT, first.id, "acme") is None
    second = a_state(version=3)
    await copy.learn(second)
    assert await copy.find(TENANT, None, "acme") == second
    await copy.learn(first)
    assert await copy.find(TENANT, None, "acme") == second


async def test_a_uid_whose_deletion_was_not_heard_of_yet_names_the_newest_application(
    copy: ApplicationCopyTable,
) -> None:
    await copy.learn(a_state(version=1))
    second = a_state(version=3)
    await copy.learn(second)
    assert await copy.find(TENANT, None, "acme") == second


async def test_two_tenants_may_use_the_same_uid(copy: ApplicationCopyTable) -> None:
    ours, theirs = a_state(), a_state(tenant_id=OTHER_TENANT)
    await copy.learn(ours)
    await copy.learn(theirs)
    assert await copy.find(TENANT, None, "acme") == ours
    assert await copy.find(OTHER_TENANT, None, "acme") == theirs


async def test_the_version_counts_up_and_never_down(copy: ApplicationCopyTable) -> None:
    port: DirectoryCopy = copy
    assert await port.version() == 0
    state = a_state(version=1 << 40)
    await port.apply(1 << 40, [state], [])
    assert await port.version() == 1 << 40
    await port.apply(7, [], [])
    assert await port.version() == 1 << 40
    assert await copy.find(TENANT, None, "acme") == state


async def test_what_is_learnt_from_an_answer_does_not_complete_the_copy(
    copy: ApplicationCopyTable,
) -> None:
    await copy.learn(a_state(version=9))
    assert await copy.version() == 0


async def test_listeners_hear_of_every_application_in_a_change(
    copy: ApplicationCopyTable,
) -> None:
    heard: list[bytes] = []
    copy.on_change(heard.append)
    states = [a_state(f"app-{number}", version=number) for number in (1, 2, 3)]
    endpoint = EndpointState(new_id(), TENANT, states[0].id, 4)
    await copy.apply(4, states, [endpoint])
    assert heard == [state.id for state in states]


async def test_a_uid_names_an_ordinary_application_and_an_id_one_of_any_kind(
    copy: ApplicationCopyTable,
) -> None:
    ordinary = a_state("github")
    source = replace(
        a_state("github", version=2),
        kind="source",
        source_type="github",
        sealed_source_config=b"sealed",
        ingest_tokens=(("aa", 0.0), ("bb", 12.5)),
    )
    stream = replace(a_state("events", version=3), kind="stream")
    await copy.apply(3, [source, stream, ordinary], [])
    assert await copy.find(TENANT, None, "github") == ordinary
    assert await copy.find(TENANT, None, "events") is None
    assert await copy.find(TENANT, source.id, "x") == source
    assert await copy.find(TENANT, stream.id, "x") == stream


async def test_a_deleted_source_leaves_no_secret_in_the_copy(
    copy: ApplicationCopyTable, database: Database
) -> None:
    source = replace(a_state(), kind="source", sealed_source_config=b"s", ingest_tokens=(("a", 0),))
    await copy.learn(source)
    await copy.learn(ApplicationState(source.id, TENANT, 2, deleted=True, kind="source"))
    async with database.reading.connect() as connection:
        row = (await connection.execute(select(application_copy))).one()
    assert (row.sealed_source_config, row.ingest_tokens) == (None, None)
