"""Tenants on both engines."""

import random
import time
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from angarium_chassis.database.engine import Database, open_database
from angarium_contracts.ids import IdMaker
from angarium_gateway.adapters.database.schema import SCHEMA
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.tenants.tenants import NameTaken, Tenants
from angarium_gateway.domain.quotas import TenantQuotas

BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)


class Clock:
    def __init__(self) -> None:
        self.now = BEGINNING

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
async def database(database_url: str) -> AsyncIterator[Database]:
    opened = open_database(database_url)
    await SCHEMA.migrate(opened)
    yield opened
    await opened.close()


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tenants(database: Database, clock: Clock) -> Tenants:
    return TenantTable(database, make_id=IdMaker(time.time_ns, random.getrandbits), now=clock)


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


async def test_a_suspension_keeps_its_time_until_it_ends(tenants: Tenants, clock: Clock) -> None:
    acme, globex = await tenants.create("acme"), await tenants.create("globex")

    for _ in range(2):
        suspended = await tenants.suspend(acme.id, suspended=True)
        assert suspended is not None
        assert suspended.suspended_at == BEGINNING
        clock.now += timedelta(hours=1)
    assert await tenants.get(globex.id) == globex
    assert await tenants.suspend(acme.id, suspended=False) == acme
    assert await tenants.suspend(bytes(16), suspended=True) is None


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
