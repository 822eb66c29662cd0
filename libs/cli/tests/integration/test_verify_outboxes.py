"""The comparison of producers' outboxes with the journal, on both engines."""

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from io import StringIO
from typing import Any

import pytest
from angarium_cli.failure import CommandFailed
from angarium_cli.verify.audit import Audit
from angarium_cli.verify.outboxes import AuditedOutboxes, audit_outboxes
from angarium_cli.verify.report import as_json, show
from angarium_cli.verify.time_range import time_range
from angarium_contracts.ids import APPLICATION, format_id
from angarium_gateway.adapters.database.tables import application_copy, event_claim
from angarium_gateway.examination.audited_events import AuditedEvents
from angarium_outbox import add_async, metadata
from angarium_outbox.event import EVENT_ID_PREFIX
from angarium_outbox.store import OutboxStore
from rich.console import Console
from sqlalchemy import update
from sqlalchemy.ext.asyncio import AsyncEngine, create_async_engine

from .platform_rows import ALL_TIME, APP, NOW_MS, TENANT, Platform

NOW = datetime.fromtimestamp(NOW_MS / 1_000, UTC)
FOREVER_MS = (0, 2 * NOW_MS)


@pytest.fixture
async def outbox(sqlite_url: str) -> AsyncIterator[AsyncEngine]:
    """A producer's outbox."""
    engine = create_async_engine(sqlite_url)
    async with engine.begin() as connection:
        await connection.run_sync(metadata.create_all)
    yield engine
    await engine.dispose()


async def add(outbox: AsyncEngine, application: str = "acme", *, accepted: bool = True) -> str:
    async with outbox.begin() as connection:
        event_id = await add_async(connection, application, "invoice.paid", {})
    if accepted:
        store = OutboxStore(outbox)
        pending = await store.pending(range(32), events_max=10, bytes_max=10_000)
        await store.settle([each.position for each in pending], {})
    return event_id


async def post(platform: Platform, event_id: str, **members: Any) -> bytes:
    message_id = await platform.add_message(event_id=event_id, **members)
    row = {"application_id": APP, "event_id": event_id, "message_id": message_id}
    await platform.add("gateway", event_claim, **row)
    return message_id


async def audited(platform: Platform, outbox: AsyncEngine) -> AuditedOutboxes:
    journal = AuditedEvents(platform.databases["gateway"])
    return await audit_outboxes(journal, [str(outbox.url)], FOREVER_MS, ALL_TIME)


@pytest.fixture
async def named(platform: Platform) -> Platform:
    """The platform, whose application has the uid `acme`, as another tenant's has."""
    values = {"tenant_id": b"o" * 16, "id": b"o" * 16, "version": 1}
    await platform.add("gateway", application_copy, uid="acme", **values)
    uid = update(application_copy).where(application_copy.c.id == APP).values(uid="acme")
    async with platform.databases["gateway"].engine.begin() as connection:
        if not (await connection.execute(uid)).rowcount:
            row = {"id": APP, "tenant_id": TENANT, "uid": "acme", "version": 1}
            await connection.execute(application_copy.insert().values(**row))
    return platform


async def test_accepted_events_with_their_messages_agree(
    named: Platform, outbox: AsyncEngine
) -> None:
    for application in ("acme", format_id(APPLICATION, APP)):
        await post(named, await add(outbox, application))
    await post(named, "an id of the producer's own")
    await add(outbox, accepted=False)

    found = await audited(named, outbox)

    assert found.is_clean
    assert (found.compared, found.messages, found.pending, found.unproven) == (2, 2, 1, 0)


async def test_an_accepted_event_without_a_message_is_lost(
    named: Platform, outbox: AsyncEngine
) -> None:
    await post(named, await add(outbox))
    lost, elsewhere = await add(outbox), await add(outbox, "no-such-application")

    found = await audited(named, outbox)

    assert [(each.application, each.event_id) for each in found.lost] == [
        ("acme", lost),
        ("no-such-application", elsewhere),
    ]
    assert not Audit(outboxes=found).is_clean


async def test_a_message_with_another_payload_than_its_event_differs(
    named: Platform, outbox: AsyncEngine
) -> None:
    await post(named, await add(outbox))
    changed = await add(outbox)
    await post(named, changed, payload=b'{"n":1}')
    await post(named, await add(outbox), payload=b"", expunged_at=datetime.now(UTC))

    found = await audited(named, outbox)

    assert [each.event_id for each in found.differing] == [changed]
    assert (found.compared, found.lost_count, found.unknown_count) == (3, 0, 0)
    assert not found.is_clean
    said = StringIO()
    show("here", time_range(None, "now", NOW), Audit(outboxes=found), Console(file=said))
    assert "1 message with another payload than the event" in said.getvalue()
    assert changed in as_json("here", time_range(None, "now", NOW), Audit(outboxes=found))


async def test_a_message_of_an_event_that_was_never_committed_is_unknown(
    named: Platform, outbox: AsyncEngine
) -> None:
    await post(named, await add(outbox))
    rolled_back = f"{EVENT_ID_PREFIX}{NOW_MS + 3_600_000:012x}{'0' * 20}"
    before_all = f"{EVENT_ID_PREFIX}{NOW_MS - 3_600_000:012x}{'0' * 20}"
    message_id = await post(named, rolled_back)
    await post(named, before_all)

    found = await audited(named, outbox)

    assert [(each.id, each.event_id) for each in found.unknown] == [(message_id, rolled_back)]
    assert (found.messages, found.unproven, found.lost_count) == (3, 1, 0)
    said = StringIO()
    show("here", time_range(None, "now", NOW), Audit(outboxes=found), Console(file=said))
    assert rolled_back in said.getvalue()
    assert "1 message of no committed event" in said.getvalue()
    assert rolled_back in as_json("here", time_range(None, "now", NOW), Audit(outboxes=found))


@pytest.mark.parametrize("url", ["nonsense", "oracle://user:a-secret@host/x"])
async def test_an_outbox_that_cannot_be_read_is_said_without_its_password(
    named: Platform, url: str
) -> None:
    journal = AuditedEvents(named.databases["gateway"])
    with pytest.raises(CommandFailed) as refused:
        await audit_outboxes(journal, [url], FOREVER_MS, ALL_TIME)

    assert "--outbox" in str(refused.value)
    assert "a-secret" not in str(refused.value)
