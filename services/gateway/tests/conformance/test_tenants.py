"""Tenants on both engines."""

import os
import random
import time
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.retention import RetentionLoop
from angarium_contracts.ids import IdMaker
from angarium_contracts.retention import TenantRetention
from angarium_gateway.adapters.database.retention_tasks import retention_tasks
from angarium_gateway.adapters.database.retention_tenants import TenantRetentionColumn
from angarium_gateway.adapters.database.tables import (
    api_key,
    application_copy,
    audit_chain,
    audit_entry,
    message,
    message_rollup,
    payload_retention,
    portal_token,
    scheduled_message,
    schema_violation,
)
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.tenants.tenants import NameTaken, Tenants
from angarium_gateway.domain.quotas import TenantQuotas
from sqlalchemy import Table, insert, select

from .conftest import BEGINNING, WallClock

TABLES = (
    *(api_key, portal_token, audit_entry, audit_chain),
    *(message, message_rollup, payload_retention, schema_violation),
)
"""Those with rows of a tenant that go with it."""


async def test_tenants_are_found_by_id_and_by_exact_name(tenants: Tenants) -> None:
    created = await tenants.create("acme")

    assert await tenants.get(created.id) == await tenants.named("acme") == created
    assert await tenants.get(bytes(16)) is None
    assert await tenants.named("Acme") is None


async def test_a_name_is_given_once(tenants: Tenants) -> None:
    acme, globex = await tenants.create("acme"), await tenants.create("globex")

    with pytest.raises(NameTaken):
        await tenants.create("acme")
    with pytest.raises(NameTaken):
        await tenants.rename(globex.id, "acme")
    assert await tenants.rename(acme.id, "acme") == acme
    page = await tenants.page(IdWindow(10, descending=False))
    assert [tenant.name for tenant in page.items] == ["acme", "globex"]


async def test_only_the_named_tenant_is_renamed(tenants: Tenants) -> None:
    acme, globex = await tenants.create("acme"), await tenants.create("globex")

    renamed = await tenants.rename(acme.id, "acme.com")

    assert renamed is not None
    assert (renamed.id, renamed.name) == (acme.id, "acme.com")
    assert await tenants.get(globex.id) == globex
    assert await tenants.rename(bytes(16), "nobody") is None


async def test_a_suspension_keeps_its_time_until_it_ends(
    tenants: Tenants, clock: WallClock
) -> None:
    acme, globex = await tenants.create("acme"), await tenants.create("globex")

    for _ in range(2):
        suspended = await tenants.suspend(acme.id, suspended=True)
        assert suspended is not None
        assert suspended.suspended_at == BEGINNING
        clock.now += timedelta(hours=1)
    assert await tenants.get(globex.id) == globex
    assert await tenants.suspend(acme.id, suspended=False) == acme
    assert await tenants.suspend(bytes(16), suspended=True) is None


async def test_a_deleted_tenant_is_kept_by_its_id_only_and_frees_its_name(
    tenants: Tenants, clock: WallClock
) -> None:
    acme, globex = await tenants.create("acme"), await tenants.create("globex")

    deleted = await tenants.delete(acme.id)

    assert deleted is not None
    assert (deleted.id, deleted.deleted_at) == (acme.id, BEGINNING)
    assert "acme" not in deleted.name
    assert await tenants.get(acme.id) == deleted
    assert await tenants.named("acme") is None
    page = await tenants.page(IdWindow(10))
    assert list(page.items) == [globex]
    clock.now += timedelta(hours=1)
    assert await tenants.delete(acme.id) == deleted
    assert await tenants.rename(acme.id, "again") is None
    assert await tenants.suspend(acme.id, suspended=True) is None
    assert (await tenants.create("acme")).id != acme.id
    assert await tenants.delete(bytes(16)) is None


async def test_deleted_tenants_are_erased_once_after_a_while(
    tenants: TenantTable, clock: WallClock
) -> None:
    acme = await tenants.create("acme")
    await tenants.create("globex")
    await tenants.delete(acme.id)

    assert await tenants.to_erase(grace_s=5) == []
    clock.now += timedelta(seconds=6)
    assert await tenants.to_erase(grace_s=5) == [acme.id]
    await tenants.erased(acme.id)
    assert await tenants.to_erase(grace_s=5) == []


async def test_a_deleted_tenant_keeps_nothing_whatever_it_asked_for(
    tenants: TenantTable, database: Database, clock: WallClock
) -> None:
    acme = await tenants.create("acme")
    retentions = TenantRetentionColumn(database, now=clock)
    await tenants.delete(acme.id)

    await retentions.set(acme.id, 90)

    assert await retentions.page(None) == [TenantRetention(acme.id, 0)]
    clock.now += timedelta(days=8)
    assert await retentions.page(None) == []


async def test_each_tenant_has_a_retention_period_of_its_own(
    tenants: TenantTable, database: Database
) -> None:
    acme, globex = await tenants.create("acme"), await tenants.create("globex")
    retentions = TenantRetentionColumn(database)
    await retentions.set(globex.id, 30)
    assert await retentions.find(acme.id) is None
    await retentions.set(acme.id, 7)
    assert [await retentions.find(each.id) for each in (acme, globex)] == [7, 30]


async def test_the_rows_of_a_deleted_tenant_go_and_those_of_others_stay(
    database: Database,
) -> None:
    make_id = IdMaker(time.time_ns, random.getrandbits)
    tenants = TenantTable(database, make_id=make_id, now=lambda: datetime.now(UTC))
    acme, globex = await tenants.create("acme"), await tenants.create("globex")
    for owner in (acme, globex):
        await add_rows(database, owner.id, make_id)
    before = await owners(database)
    assert {len(found) for found in before.values()} == {2}
    loop = RetentionLoop(
        database,
        retention_tasks(database, message_days=90, audit_days=90, key_life_s=60),
    )

    await tenants.delete(acme.id)
    await loop.turn()
    # Its configuration is not gone yet.
    assert {name: found for name, found in (await owners(database)).items() if len(found) < 2} == {
        "message": {globex.id}
    }
    await tenants.erased(acme.id)
    await loop.turn()
    assert set(map(frozenset, (await owners(database)).values())) == {frozenset({globex.id})}


async def add_rows(database: Database, tenant_id: bytes, make_id: IdMaker) -> None:
    """One row of each kind that belongs to a tenant."""
    now = datetime.now(UTC)
    application_id, key_id = make_id(), make_id()
    rows: dict[Table, dict[str, Any]] = {
        api_key: {"id": key_id, "name": "a", "token_hash": os.urandom(32), "created_at": now},
        portal_token: {
            "id": make_id(),
            "application_id": application_id,
            "token_hash": os.urandom(32),
            "capabilities": "ViewBase",
            "feature_flags": "[]",
            "created_at": now,
            "expires_at": now + timedelta(hours=1),
        },
        audit_entry: {
            "id": make_id(),
            "key_id": key_id,
            "operation": "v1.endpoint.update",
            "method": "PUT",
            "path": "/",
            "status": 200,
        },
        audit_chain: {"number": 1, "entry_id": make_id(), "hash": os.urandom(32)},
        message_rollup: {
            "resolution": 60,
            "starts_at": 2**50,
            "application_id": application_id,
            "event_type": "a",
            "accepted": 1,
        },
        payload_retention: {"application_id": bytes(16), "event_type": "a", "hours": 1},
        schema_violation: {"event_type": "a", "accepted": 1, "refused": 0, "last_at": now},
        application_copy: {"id": application_id, "version": 1},
        message: {
            "application_id": application_id,
            "id": make_id(),
            "event_type": "a",
            "payload": b"{}",
        },
    }
    async with database.engine.begin() as connection:
        for table, values in rows.items():
            await connection.execute(insert(table).values(tenant_id=tenant_id, **values))
        await connection.execute(
            insert(scheduled_message).values(
                application_id=application_id, message_id=make_id(), deliver_at=2**60, bytes=2
            )
        )


async def owners(database: Database) -> dict[str, set[bytes]]:
    """The tenants that have rows, by table."""
    found = {}
    async with database.reading.connect() as connection:
        for table in TABLES:
            ids = await connection.scalars(select(table.c.tenant_id))
            found[table.name] = {bytes(each) for each in ids}
        scheduled = select(application_copy.c.tenant_id).join(
            scheduled_message, scheduled_message.c.application_id == application_copy.c.id
        )
        found["scheduled_message"] = {bytes(each) for each in await connection.scalars(scheduled)}
    return found


async def test_the_list_ends(tenants: Tenants) -> None:
    names = [(await tenants.create(f"tenant {number}")).name for number in range(5)]

    first = await tenants.page(IdWindow(3, descending=False))
    rest = await tenants.page(IdWindow(3, first.items[-1].id, descending=False))

    assert [tenant.name for tenant in (*first.items, *rest.items)] == names
    assert (first.done, rest.done) == (False, True)


async def test_quotas_are_replaced_as_a_whole(tenants: Tenants) -> None:
    created = await tenants.create("acme")
    assert created.quotas == TenantQuotas()
    quotas = TenantQuotas(messages_per_minute=10**12, endpoints_max=1)

    limited = await tenants.limit(created.id, quotas)

    assert limited == await tenants.get(created.id) == replace(created, quotas=quotas)
    assert await tenants.limit(created.id, TenantQuotas()) == created
    assert await tenants.limit(bytes(16), quotas) is None
