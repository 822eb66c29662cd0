"""Tenants set, read and delete only their own, on both engines."""

from datetime import UTC, datetime

import msgspec
import pytest
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import APPLICATION as APPLICATION_PREFIX
from angarium_contracts.ids import MESSAGE, format_id, operational_application_id
from angarium_contracts.retention import LegalHold as HeldRows
from angarium_gateway.adapters.database.erasable_messages import StoredErasableMessages
from angarium_gateway.adapters.database.legal_holds import (
    StoredLegalHolds,
    application_not_held,
    keeps_rows_of,
)
from angarium_gateway.adapters.database.message_feed import MessageFeed
from angarium_gateway.adapters.database.payload_retentions import StoredPayloadRetentions
from angarium_gateway.adapters.database.schema_checks import TenantSchemaCheckColumn
from angarium_gateway.adapters.database.tables import application_copy, message, payload_expiry
from angarium_gateway.adapters.database.tenants import TenantTable
from angarium_gateway.application.feed.feed_events import FeedScope
from angarium_gateway.application.legal_holds import LegalHold
from angarium_gateway.domain.schema_checks import SchemaCheck
from sqlalchemy import insert, select

NOW = datetime(2030, 1, 1, tzinfo=UTC)
ACME, GLOBEX = b"a" * 16, b"g" * 16
OF_ACME, OF_GLOBEX = b"p" * 16, b"q" * 16


def hold(tenant_id: bytes, application_id: bytes | None, reason: str) -> LegalHold:
    return LegalHold(tenant_id, application_id, reason, b"k" * 16, NOW)


@pytest.fixture
def holds(database: Database) -> StoredLegalHolds:
    return StoredLegalHolds(database)


@pytest.fixture
async def applications(database: Database) -> None:
    """One application of each tenant, and that of its operational webhooks."""
    async with database.engine.begin() as connection:
        for tenant_id, application_id in ((ACME, OF_ACME), (GLOBEX, OF_GLOBEX)):
            for each in (application_id, operational_application_id(tenant_id)):
                row = {"id": each, "tenant_id": tenant_id, "version": 1}
                await connection.execute(insert(application_copy).values(**row))


async def add_message(database: Database, tenant_id: bytes, application_id: bytes, n: int) -> bytes:
    row = {
        "application_id": application_id,
        "id": n.to_bytes(16),
        "tenant_id": tenant_id,
        "event_type": "a.b",
        "payload": b"{}",
    }
    async with database.engine.begin() as connection:
        await connection.execute(insert(message).values(**row))
    return n.to_bytes(16)


@pytest.mark.parametrize("application_id", [None, OF_ACME])
async def test_a_hold_of_one_tenant_is_none_of_another(
    holds: StoredLegalHolds, application_id: bytes | None
) -> None:
    for tenant_id, reason in ((ACME, "one"), (GLOBEX, "other"), (ACME, "anew")):
        await holds.place(hold(tenant_id, application_id, reason))
    found = [await holds.find(each, application_id) for each in (ACME, GLOBEX)]
    assert [each and each.reason for each in found] == ["anew", "other"]
    applying = [await holds.applying(each, application_id) for each in (ACME, GLOBEX)]
    assert applying == found

    await holds.lift(ACME, application_id)

    assert await holds.find(ACME, application_id) is None
    assert await holds.applying(ACME, None) is None
    assert await holds.find(GLOBEX, application_id) == found[1]


async def test_holds_are_listed_by_tenant_and_application(holds: StoredLegalHolds) -> None:
    listed = [
        HeldRows(tenant_id, application_id)
        for tenant_id in (ACME, GLOBEX)
        for application_id in (None, OF_ACME, OF_GLOBEX)
    ]
    for each in reversed(listed):
        await holds.place(hold(each.tenant_id, each.application_id, "case"))
    assert await holds.page(None) == listed
    for place, each in enumerate(listed):
        assert await holds.page(each) == listed[place + 1 :]


@pytest.mark.usefixtures("applications")
async def test_a_hold_on_a_tenant_keeps_the_rows_of_its_applications_only(
    holds: StoredLegalHolds, database: Database
) -> None:
    async with database.engine.begin() as connection:
        for number, application_id in enumerate((OF_ACME, OF_GLOBEX)):
            row = {"message_id": number.to_bytes(16), "application_id": application_id}
            await connection.execute(insert(payload_expiry).values(**row, expires_at=1))

    async def free() -> set[bytes]:
        query = select(payload_expiry.c.application_id)
        query = query.where(application_not_held(payload_expiry.c.application_id))
        async with database.reading.connect() as connection:
            return {bytes(each) for each in await connection.scalars(query)}

    assert await free() == {OF_ACME, OF_GLOBEX}
    await holds.place(hold(ACME, None, "case"))
    assert await free() == {OF_GLOBEX}
    await holds.lift(ACME, None)
    await holds.place(hold(GLOBEX, OF_GLOBEX, "case"))
    assert await free() == {OF_ACME}


async def test_a_table_has_held_rows_if_its_own_tenants_have_holds(
    holds: StoredLegalHolds, database: Database
) -> None:
    await add_message(database, ACME, OF_ACME, 1)

    async def keeps() -> bool:
        async with database.reading.connect() as connection:
            return await keeps_rows_of(connection, message)

    assert not await keeps()
    await holds.place(hold(GLOBEX, None, "case"))
    assert not await keeps()
    await holds.place(hold(ACME, OF_ACME, "case"))
    assert await keeps()


async def test_each_tenant_chooses_how_payloads_are_checked(
    tenants: TenantTable, database: Database
) -> None:
    checks = TenantSchemaCheckColumn(database)
    acme, globex, other = [(await tenants.create(name)).id for name in ("acme", "globex", "other")]
    first, second = list(SchemaCheck)[:2]
    await checks.set(acme, first)
    await checks.set(globex, second)
    assert [await checks.find(each) for each in (acme, globex, other)] == [first, second, None]
    await checks.set(acme, None)
    assert [await checks.find(each) for each in (acme, globex)] == [None, second]


async def test_one_tenant_is_erased_and_another_waits(tenants: TenantTable) -> None:
    acme, globex = [(await tenants.create(name)).id for name in ("acme", "globex")]
    for each in (acme, globex):
        await tenants.delete(each)
    await tenants.erased(acme)
    assert await tenants.to_erase(grace_s=-1) == [globex]


async def test_payload_retentions_of_another_tenants_objects_are_not_found(
    database: Database,
) -> None:
    retentions = StoredPayloadRetentions(database)
    for tenant_id, application_id, hours in ((ACME, OF_ACME, 1), (GLOBEX, OF_GLOBEX, 2)):
        await retentions.set_of_application(tenant_id, application_id, hours)
        await retentions.set_of_event_type(tenant_id, "a.b", 10 * hours)
    both = [OF_ACME, OF_GLOBEX]
    assert await retentions.of_applications(ACME, both) == {OF_ACME: 1}
    assert await retentions.of_applications(GLOBEX, both) == {OF_GLOBEX: 2}
    assert await retentions.of_event_types(ACME, ["a.b"]) == {"a.b": 10}
    await retentions.set_of_event_type(ACME, "a.b", None)
    assert await retentions.of_event_types(GLOBEX, ["a.b"]) == {"a.b": 20}


@pytest.mark.usefixtures("applications")
async def test_an_erasure_goes_through_the_tenants_own_applications(database: Database) -> None:
    messages = StoredErasableMessages(database)
    for tenant_id, application_id in ((ACME, OF_ACME), (GLOBEX, OF_GLOBEX)):
        found, after = set(), None
        while (after := await messages.next_application(tenant_id, after)) is not None:
            found.add(after)
        assert found == {application_id, operational_application_id(tenant_id)}


async def test_events_that_name_another_tenants_messages_are_not_found(database: Database) -> None:
    of_globex = await add_message(database, GLOBEX, OF_GLOBEX, 1)
    data = {
        "appId": format_id(APPLICATION_PREFIX, OF_GLOBEX),
        "msgId": format_id(MESSAGE, of_globex),
        "msgEventId": "canary",
    }
    payload = msgspec.json.encode({"type": "message.attempt.exhausted", "data": data})
    told = {
        "application_id": operational_application_id(ACME),
        "id": b"t" * 16,
        "tenant_id": ACME,
        "event_type": "message.attempt.exhausted",
        "payload": payload,
    }
    async with database.engine.begin() as connection:
        await connection.execute(insert(message).values(**told))
    messages = StoredErasableMessages(database)
    operational_id = operational_application_id(ACME)
    assert await messages.naming_erased(ACME, operational_id, [b"t" * 16]) == set()
    assert await messages.naming_erased(GLOBEX, operational_id, [b"t" * 16]) == {b"t" * 16}


@pytest.mark.usefixtures("applications")
async def test_a_tenant_follows_its_own_messages_without_operational_ones(
    database: Database,
) -> None:
    for number, (tenant_id, application_id) in enumerate(
        [
            (ACME, OF_ACME),
            (GLOBEX, OF_GLOBEX),
            (ACME, operational_application_id(ACME)),
            (GLOBEX, operational_application_id(GLOBEX)),
        ],
        start=1,
    ):
        await add_message(database, tenant_id, application_id, number)
    feed = MessageFeed(database)
    for tenant_id, application_id in ((ACME, OF_ACME), (GLOBEX, OF_GLOBEX)):
        found = await feed.follow(FeedScope(tenant_id), bytes(16), 10)
        assert [each.application_id for each in found] == [application_id]
