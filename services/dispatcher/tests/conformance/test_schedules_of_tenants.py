"""Retry schedules of tenants and event types, on both engines, and who hears of a change."""

import asyncio
from collections.abc import Collection
from contextlib import suppress
from dataclasses import replace
from typing import Any

import pytest
from angarium_chassis.database.engine import CONNECTION_ERRORS, Database, open_database
from angarium_contracts.configuration import (
    CreateApplication,
    CreateEventType,
    DeleteEventType,
    PatchEventType,
    UpdateEventType,
)
from angarium_contracts.tenant_policy import SetTenantPolicy
from angarium_dispatcher.adapters.database.recipient_reads import read_schedules
from angarium_dispatcher.adapters.database.rows import event_type_values
from angarium_dispatcher.adapters.database.schedule_watch import ScheduleWatch
from angarium_dispatcher.adapters.database.schema import SCHEMA
from angarium_dispatcher.adapters.database.tables import event_types
from angarium_dispatcher.adapters.streams import wire
from angarium_dispatcher.application.tenants.delete_event_type import delete_event_type
from angarium_dispatcher.application.tenants.save_application import create_application
from angarium_dispatcher.application.tenants.save_event_type import (
    create_event_type,
    patch_event_type,
    replace_event_type,
)
from angarium_dispatcher.application.tenants.set_policy import set_tenant_policy
from angarium_dispatcher.domain.refusals import InvalidField
from angarium_dispatcher.domain.schedules import EVENT_TYPES_WITH_SCHEDULE_MAX, DelaysS, Schedules
from angarium_dispatcher.domain.tenant_policy import TenantPolicy
from sqlalchemy import insert
from structlog.testing import capture_logs

from ..conftest import Bench, a_process

TENANT, OTHER = b"t" * 16, b"o" * 16


async def test_a_tenants_policy_is_stored_replaced_and_cleared(bench: Bench) -> None:
    assert await bench.reads.tenant_policy(TENANT) == TenantPolicy()
    await set_tenant_policy(SetTenantPolicy(OTHER, (7.0,)), bench.context)
    for delays_s in ((1.0, 2.5), (), None):
        policy = TenantPolicy(delays_s)
        before = await bench.reads.tenant_policy(TENANT)
        saved = await set_tenant_policy(SetTenantPolicy(TENANT, delays_s), bench.context)
        assert (saved.policy, saved.before) == (policy, before)
        assert await bench.reads.tenant_policy(TENANT) == policy
    assert await bench.reads.tenant_policy(OTHER) == TenantPolicy((7.0,))
    with pytest.raises(InvalidField) as refused:
        await set_tenant_policy(SetTenantPolicy(TENANT, (-1.0,)), bench.context)
    assert refused.value.field == "retry_delays_s"


async def test_an_event_types_schedule_is_stored_left_alone_and_cleared(bench: Bench) -> None:
    made = CreateEventType(TENANT, "a.b", "", retry_delays_s=(1.0,))
    saved = await create_event_type(made, bench.context)
    assert await bench.reads.find_event_type(TENANT, "a.b") == saved.event_type
    assert wire.event_type(saved.event_type).retry_delays_s == (1.0,)
    kept = await replace_event_type(UpdateEventType(TENANT, "a.b", "new"), bench.context)
    assert kept.event_type.retry_delays_s == (1.0,)
    patch = PatchEventType(TENANT, "a.b", retry_delays_s=())
    assert (await patch_event_type(patch, bench.context)).event_type.retry_delays_s == ()
    put = UpdateEventType(TENANT, "a.b", "new", retry_delays_s=None)
    assert (await replace_event_type(put, bench.context)).event_type.retry_delays_s is None
    put = UpdateEventType(TENANT, "new", "new", retry_delays_s=(2.0,))
    assert (await replace_event_type(put, bench.context)).event_type.retry_delays_s == (2.0,)
    with pytest.raises(InvalidField) as refused:
        await patch_event_type(PatchEventType(TENANT, "new", retry_delays_s=(0.0,)), bench.context)
    assert refused.value.field == "retry_delays_s"


async def test_recipients_come_with_the_schedules_of_their_own_tenant(bench: Bench) -> None:
    made = [
        (await create_application(CreateApplication(tenant, "A"), bench.context)).application.id
        for tenant in (TENANT, TENANT, OTHER)
    ]
    await set_tenant_policy(SetTenantPolicy(TENANT, (9.0,)), bench.context)
    for name, delays_s in (("a", (1.0,)), ("none", ()), ("inherits", None)):
        command = CreateEventType(TENANT, name, "", retry_delays_s=delays_s)
        await create_event_type(command, bench.context)
    await create_event_type(CreateEventType(OTHER, "b", "", retry_delays_s=(2.0,)), bench.context)
    found = await bench.reads.recipients([*made, b"x" * 16])
    theirs = Schedules((9.0,), [("a", (1.0,)), ("none", ())])
    assert [found[each].schedules for each in made] == [
        theirs,
        theirs,
        Schedules(None, [("b", (2.0,))]),
    ]
    assert (await bench.reads.schedules([TENANT]))[TENANT] == theirs


async def test_an_archived_type_has_no_schedule_and_a_revived_one_has_its_new_one(
    bench: Bench,
) -> None:
    acme = (await create_application(CreateApplication(TENANT, "Acme"), bench.context)).application

    async def schedule() -> DelaysS | None:
        """The schedule with which this process would dispatch the next message."""
        return (await bench.cache.get({acme.id: acme.version}))[acme.id].schedules.of("a")

    assert await schedule() is None
    made = CreateEventType(TENANT, "a", "", retry_delays_s=(1.0,))
    await create_event_type(made, bench.context)
    assert await schedule() == (1.0,)
    await delete_event_type(DeleteEventType(TENANT, "a"), bench.context)
    assert await schedule() is None
    assert await bench.reads.schedules([TENANT]) == {}
    await patch_event_type(PatchEventType(TENANT, "a", archived=False), bench.context)
    assert await schedule() == (1.0,)
    await delete_event_type(DeleteEventType(TENANT, "a", expunge=True), bench.context)
    assert await schedule() is None
    assert await bench.reads.schedules([TENANT]) == {}


async def test_only_a_change_of_a_schedule_has_applications_forgotten(bench: Bench) -> None:
    acme = (await create_application(CreateApplication(TENANT, "Acme"), bench.context)).application
    await bench.cache.get({acme.id: acme.version})
    plain = CreateEventType(TENANT, "a", "")
    await create_event_type(plain, bench.context)
    await patch_event_type(PatchEventType(TENANT, "a", deprecated=True), bench.context)
    await delete_event_type(DeleteEventType(TENANT, "a"), bench.context)
    assert bench.cache.cached(acme.id, acme.version) is not None
    assert await bench.reads.directory_version() == acme.version


async def test_event_types_with_a_schedule_are_limited_by_tenant(bench: Bench) -> None:
    def command(name: str, tenant: bytes = TENANT) -> CreateEventType:
        return CreateEventType(tenant, name, "", retry_delays_s=(1.0,))

    first = (await create_event_type(command("a"), bench.context)).event_type
    rows = [
        event_type_values(replace(first, name=f"a.{number}"))
        for number in range(1, EVENT_TYPES_WITH_SCHEDULE_MAX)
    ]
    async with bench.database.engine.begin() as connection:
        await connection.execute(insert(event_types), rows)
    with pytest.raises(InvalidField, match="the most"):
        await create_event_type(command("b"), bench.context)
    assert await bench.reads.find_event_type(TENANT, "b") is None
    await patch_event_type(PatchEventType(TENANT, "a", retry_delays_s=(3.0,)), bench.context)
    await create_event_type(command("b", OTHER), bench.context)
    await delete_event_type(DeleteEventType(TENANT, "a"), bench.context)
    await create_event_type(command("b"), bench.context)


async def test_another_process_notices_each_change_once(bench: Bench, second_bench: Bench) -> None:
    forgotten: list[Any] = []

    def forget(tenant_ids: Collection[bytes]) -> None:
        forgotten.append(set(tenant_ids))

    watch = ScheduleWatch(second_bench.database, forget)
    await watch.check()
    assert forgotten == []
    await set_tenant_policy(SetTenantPolicy(TENANT, (1.0,)), bench.context)
    await set_tenant_policy(SetTenantPolicy(OTHER, (1.0,)), bench.context)
    await watch.check()
    await watch.check()
    await create_event_type(CreateEventType(TENANT, "a", "", retry_delays_s=(1.0,)), bench.context)
    await create_event_type(CreateEventType(OTHER, "b", ""), bench.context)
    await watch.check()
    await watch.check()
    assert forgotten == [{TENANT, OTHER}, {TENANT}]
    assert await bench.reads.tenant_policy(TENANT) == TenantPolicy((1.0,))


async def test_watching_goes_on_after_the_database_failed(database_url: str) -> None:
    """Here it lacks its tables at first."""
    noticed = asyncio.Event()
    database = open_database(database_url)
    watch = ScheduleWatch(database, lambda _: noticed.set(), every_s=0.01)
    with capture_logs() as logged:
        with pytest.raises(CONNECTION_ERRORS):
            await watch.check()
        watching = asyncio.create_task(watch.run())
        async with asyncio.timeout(20):
            while not logged:
                await asyncio.sleep(0)
            await SCHEMA.migrate(database)
            await set_tenant_policy(SetTenantPolicy(TENANT, (1.0,)), a_process(database).context)
            await noticed.wait()
    watching.cancel()
    with suppress(asyncio.CancelledError):
        await watching
    assert {line["event"] for line in logged} == {"schedules.not_watched"}
    await database.close()


async def test_schedules_are_read_of_the_tenants_that_are_asked_for(
    bench: Bench, database: Database
) -> None:
    for tenant in (TENANT, OTHER):
        await set_tenant_policy(SetTenantPolicy(tenant, (9.0,)), bench.context)
        command = CreateEventType(tenant, "a", "", retry_delays_s=(1.0,))
        await create_event_type(command, bench.context)
    async with database.engine.connect() as connection:
        schedules = await read_schedules(connection, [TENANT])
    assert schedules == {TENANT: Schedules((9.0,), [("a", (1.0,))])}
