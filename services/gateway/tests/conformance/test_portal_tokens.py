"""Portal tokens on both engines."""

import os
import random
import time
from datetime import UTC, datetime, timedelta

import pytest
from angarium_chassis.database.engine import Database
from angarium_chassis.retention import RetentionLoop
from angarium_contracts.ids import IdMaker
from angarium_gateway.adapters.database.portal_tokens import (
    PortalTokenTable,
    delete_ended_portal_tokens,
)
from angarium_gateway.adapters.database.tables import portal_token
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.application.tenants.authentication import Caller, LoginFailure
from angarium_gateway.application.tenants.portal_tokens import (
    CreatedPortalToken,
    NewPortalToken,
    PortalGrant,
)
from angarium_gateway.domain.api_tokens import is_mistyped
from angarium_gateway.domain.digests import token_hash
from angarium_gateway.domain.permissions import Capability
from sqlalchemy import func, select

from .conftest import BEGINNING, WallClock

APPLICATION, OTHER_APPLICATION = b"a" * 16, b"b" * 16
GRANT = PortalGrant(
    frozenset({Capability.VIEW_BASE, Capability.MANAGE_ENDPOINT}), frozenset({"beta"}), "user_1"
)


class Rig:
    """A tenant with portal tokens."""

    def __init__(self, database: Database, tenant_id: bytes, clock: WallClock) -> None:
        make_id = IdMaker(time.time_ns, random.getrandbits)
        self.tokens = PortalTokenTable(
            database, make_id=make_id, now=clock, random_bytes=os.urandom
        )
        self.tenant_id = tenant_id

    async def create(
        self, application_id: bytes = APPLICATION, session: str | None = "user_1"
    ) -> CreatedPortalToken:
        grant = PortalGrant(GRANT.capabilities, GRANT.feature_flags, session)
        expires_at = BEGINNING + timedelta(hours=1)
        new = NewPortalToken(self.tenant_id, application_id, grant, expires_at)
        return await self.tokens.create(new)

    async def valid(self, *created: CreatedPortalToken) -> list[bool]:
        found = [await self.tokens.find(token_hash(one.token)) for one in created]
        return [isinstance(one, Caller) for one in found]


@pytest.fixture
async def rig(database: Database, tenants: TenantTable, clock: WallClock) -> Rig:
    return Rig(database, (await tenants.create("acme")).id, clock)


async def test_a_token_is_found_with_what_it_may_do_until_it_expires(
    rig: Rig, clock: WallClock
) -> None:
    created = await rig.create()

    expires_at = BEGINNING + timedelta(hours=1)
    assert created.token.startswith("ang_pt_")
    assert not is_mistyped(created.token)
    assert created.token not in repr(created)
    assert await rig.tokens.find(token_hash(created.token)) == Caller(
        rig.tenant_id, created.id, GRANT, APPLICATION, expires_at
    )
    clock.now = expires_at
    assert await rig.tokens.find(token_hash(created.token)) is LoginFailure.EXPIRED
    assert await rig.tokens.find(bytes(32)) is LoginFailure.UNKNOWN


async def test_a_token_ends_alone_and_for_its_own_tenant_only(rig: Rig) -> None:
    first, second = await rig.create(), await rig.create()

    await rig.tokens.expire(bytes(16), first.id)
    assert await rig.valid(first, second) == [True, True]
    await rig.tokens.expire(rig.tenant_id, first.id)
    assert await rig.valid(first, second) == [False, True]


async def test_all_tokens_of_one_application_end(rig: Rig) -> None:
    mine, other = await rig.create(), await rig.create(OTHER_APPLICATION)

    expire_all = rig.tokens.expire_all
    await expire_all(bytes(16), APPLICATION, session_ids=None, at=BEGINNING)
    assert await rig.valid(mine, other) == [True, True]
    await expire_all(rig.tenant_id, APPLICATION, session_ids=None, at=BEGINNING)
    assert await rig.valid(mine, other) == [False, True]


async def test_the_tokens_of_some_sessions_end_later_but_no_token_lives_longer(
    rig: Rig, clock: WallClock
) -> None:
    named, other, without = [await rig.create(session=name) for name in ("a", "b", None)]

    soon, late = BEGINNING + timedelta(minutes=1), BEGINNING + timedelta(days=1)
    await rig.tokens.expire_all(rig.tenant_id, APPLICATION, session_ids=["a", "x"], at=soon)
    await rig.tokens.expire_all(rig.tenant_id, APPLICATION, session_ids=None, at=late)
    assert await rig.valid(named, other, without) == [True, True, True]
    clock.now = soon
    assert await rig.valid(named, other, without) == [False, True, True]
    clock.now = BEGINNING + timedelta(hours=1)
    assert await rig.valid(named, other, without) == [False, False, False]


async def test_the_tokens_of_a_suspended_or_deleted_tenant_are_found_as_such(
    rig: Rig, tenants: TenantTable
) -> None:
    created = await rig.create()
    await tenants.suspend(rig.tenant_id, suspended=True)

    found = await rig.tokens.find(token_hash(created.token))
    assert isinstance(found, Caller)
    assert found.suspended
    await tenants.delete(rig.tenant_id)
    assert await rig.tokens.find(token_hash(created.token)) is LoginFailure.REVOKED


async def test_tokens_that_ended_long_ago_are_deleted(
    rig: Rig, database: Database, clock: WallClock
) -> None:
    await rig.create()
    clock.now = datetime.now(UTC)
    expires_at = clock.now + timedelta(hours=1)
    await rig.tokens.create(NewPortalToken(rig.tenant_id, APPLICATION, GRANT, expires_at))

    await RetentionLoop(database, {"portal tokens": delete_ended_portal_tokens}).turn()

    async with database.reading.connect() as connection:
        assert await connection.scalar(select(func.count()).select_from(portal_token)) == 1
