"""The audit of `verify` over the services' databases, on both engines."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime

from angarium_chassis.database.partitions import DAY_MS
from angarium_chassis.database.retention_table import RetentionTable
from angarium_chassis.retention import RetentionLoop, RetentionTask
from angarium_cli.installation import Installation
from angarium_cli.verify.audit import audit_platform
from angarium_cli.verify.ledgers import Gap, GapKind, IdRange
from angarium_cli.verify.retention import MARGIN_MS, Kept, Side, Unaudited
from angarium_cli.verify.time_range import time_range
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.retention import LegalHold, TenantRetention
from angarium_dispatcher.adapters.database.tables import endpoints
from angarium_gateway.adapters.database.batches import SET_ASIDE
from angarium_gateway.adapters.database.retention_tasks import retention_tasks
from angarium_gateway.adapters.database.tables import application_copy, scheduled_message, tenant
from angarium_gateway.examination.audited_journal import AuditedApplication, AuditedJournal
from angarium_worker.adapters.database.attempt_retention import (
    CancelledRetention,
    TenantAttemptRetention,
)
from angarium_worker.adapters.database.tables import attempt, endpoint_copy
from angarium_worker.examination.deliveries import DeliveryTraces
from sqlalchemy import update

from .platform_rows import ALL_TIME, APP, EARLIER, ENDPOINT, NOW_MS, TENANT, Platform

SOMEBODY, SOMEBODYS_APP = b"s" * 16, b"b" * 16


def missing(message_id: bytes) -> Gap:
    return Gap(GapKind.MISSING, message_id, APP, ENDPOINT)


def of_no_message(message_id: bytes) -> Gap:
    return Gap(GapKind.OF_NO_MESSAGE, message_id, APP, ENDPOINT)


def id_at(days_ago: float, number: int = 0) -> bytes:
    return lowest_id_at(int(NOW_MS - days_ago * DAY_MS) + number)


async def keep_days(platform: Platform, days: int, tenant_id: bytes = TENANT) -> None:
    row = {"id": tenant_id, "name": tenant_id.hex(), "created_at": EARLIER}
    await platform.add("gateway", tenant, retention_days=days, **row)


async def test_an_attempt_a_pending_and_a_cancelled_delivery_are_each_a_trace(
    platform: Platform,
) -> None:
    attempted, pending, cancelled, lost = [await platform.add_message() for _ in range(4)]
    await platform.add_attempt(attempted)
    await platform.add_pending(pending, due_at=1)
    await platform.add_cancelled(cancelled)

    found = await platform.audit()

    assert found.gaps == [missing(lost)]
    assert (found.counts.accepted, found.counts.settled, found.counts.expected) == (4, 4, 4)


async def test_messages_that_are_open_set_aside_scheduled_or_cancelled_are_told_apart(
    platform: Platform,
) -> None:
    opened, aside, waiting, cancelled, targeted = [
        await platform.add_message(**members)
        for members in (
            {},
            {},
            {"deliver_at": datetime.now(UTC)},
            {"deliver_at": EARLIER, "canceled_at": EARLIER},
            {"targeted": True},
        )
    ]
    await platform.add_batch(opened)
    await platform.add_batch(aside, owner=SET_ASIDE)
    row = {"message_id": waiting, "application_id": APP, "deliver_at": 1, "bytes": 2}
    await platform.add("gateway", scheduled_message, **row)

    found = await platform.audit()

    assert found.gaps == [Gap(GapKind.SET_ASIDE, aside, APP)]
    counts = found.counts
    assert (counts.open, counts.set_aside, counts.scheduled) == (1, 1, 1)
    assert (counts.cancelled, counts.targeted, counts.settled) == (1, 1, 0)
    assert {cancelled, targeted}.isdisjoint(gap.message_id for gap in found.gaps)


async def test_more_open_batches_than_are_read_leave_the_newest_messages_unjudged(
    platform: Platform,
) -> None:
    settled = await platform.add_message()
    opened = [await platform.add_message() for _ in range(4)]
    for each in opened:
        await platform.add_batch(each)

    found = await platform.audit(open_messages_max=2)

    assert found.gaps == [missing(settled)]
    assert (found.counts.open, found.counts.settled) == (4, 1)


async def test_only_the_messages_of_the_range_are_read(platform: Platform) -> None:
    first, second, third = [
        await platform.add_message(id=lowest_id_at(at_ms)) for at_ms in (1_000, 2_000, 3_000)
    ]
    journal = AuditedJournal(platform.databases["gateway"])
    within = IdRange(second, third)

    assert await journal.applications(within, b"") == [AuditedApplication(APP)]
    found = await journal.messages(APP, within, b"", limit=10)
    assert [each.id for each in found] == [second]
    assert await journal.applications(IdRange(lowest_id_at(4_000), b"\xff" * 16), b"") == []
    assert await journal.applications(within, APP) == []
    assert first != second


async def test_disabled_and_deleted_endpoints_expect_nothing(platform: Platform) -> None:
    await platform.add_message()
    dispatcher = platform.databases["dispatcher"]
    for change in ({"disabled": True}, {"disabled": False, "deleted": True}):
        async with dispatcher.engine.begin() as connection:
            await connection.execute(update(endpoints).values(**change))

        found = await platform.audit()

        assert (found.gaps_count, found.counts.expected) == (0, 0)


async def test_what_is_on_record_of_no_message_is_a_gap_of_its_own(platform: Platform) -> None:
    attempted, pending, cancelled, retried = ids = [id_at(1, number) for number in range(4)]
    for each in (attempted, retried, retried):
        await platform.add_attempt(each)
    for each in (pending, retried):
        await platform.add_pending(each, due_at=1)
    await platform.add_cancelled(cancelled)
    accepted = await platform.add_message()
    await platform.add_attempt(accepted)

    found = await platform.audit()

    assert found.gaps == [of_no_message(each) for each in ids]
    assert (found.counts.accepted, found.counts.recorded) == (1, 5)


async def test_a_message_of_another_application_does_not_stand_for_one(
    platform: Platform,
) -> None:
    await platform.add_message(id=id_at(1), application_id=SOMEBODYS_APP)
    await platform.add_attempt(id_at(1))

    assert (await platform.audit()).gaps == [of_no_message(id_at(1))]


async def test_what_is_on_record_outside_the_range_is_not_looked_at(platform: Platform) -> None:
    for days in (1, 2, 3):
        await platform.add_attempt(id_at(days))

    found = await platform.audit(IdRange(id_at(2), id_at(1)))

    assert found.gaps == [of_no_message(id_at(2))]
    assert found.counts.recorded == 1


async def test_the_record_is_read_in_pages_each_from_where_the_last_one_ended(
    platform: Platform,
) -> None:
    ids = [id_at(1, number) for number in range(5)]
    for each in ids:
        for _ in range(2):
            await platform.add_attempt(each)
        await platform.add_pending(each, due_at=1)
    traces = DeliveryTraces(platform.databases["worker"])

    pages, after = [], b""
    while page := await traces.recorded(ALL_TIME, after, limit=4):
        pages.append([each.message_id for each in page])
        after = page[-1].message_id

    assert pages == [[ids[0]] * 3 + [ids[1]], [ids[2]] * 3 + [ids[3]], [ids[4]] * 3]


async def test_messages_that_need_not_be_kept_any_more_are_missed_by_nobody(
    platform: Platform,
) -> None:
    for days in (40, 29):
        await platform.add_attempt(id_at(days), id=id_at(days, 5))

    found = await platform.audit(IdRange(id_at(50), id_at(0)), Kept(30, 90, NOW_MS))

    assert found.gaps == [of_no_message(id_at(29))]
    until_ms = NOW_MS - 30 * DAY_MS + MARGIN_MS
    assert found.unaudited == [Unaudited(Side.MESSAGES, until_ms, 30)]


async def test_attempts_that_need_not_be_kept_any_more_are_missed_by_nobody(
    platform: Platform,
) -> None:
    for days in (40, 29):
        await platform.add_message(id=id_at(days))
    async with platform.databases["dispatcher"].engine.begin() as connection:
        long_ago = datetime.fromtimestamp(NOW_MS / 1_000 - 90 * 86_400, UTC)
        await connection.execute(update(endpoints).values(updated_at=long_ago))

    found = await platform.audit(IdRange(id_at(50), id_at(0)), Kept(90, 30, NOW_MS))

    assert found.gaps == [missing(id_at(29))]
    assert (found.counts.settled, found.counts.too_old, found.counts.expected) == (2, 1, 1)
    until_ms = NOW_MS - 30 * DAY_MS + MARGIN_MS
    assert found.unaudited == [Unaudited(Side.ATTEMPTS, until_ms, 30)]


async def test_a_set_aside_message_is_a_gap_however_old_it_is(platform: Platform) -> None:
    await platform.add_message(id=id_at(40))
    await platform.add_batch(id_at(40), owner=SET_ASIDE)

    found = await platform.audit(kept=Kept(30, 30, NOW_MS))

    assert found.gaps == [Gap(GapKind.SET_ASIDE, id_at(40), APP)]


async def test_a_tenant_that_keeps_less_is_audited_as_far_as_it_keeps(platform: Platform) -> None:
    await keep_days(platform, 7)
    await keep_days(platform, 60, SOMEBODY)
    for days in (9, 6):
        await platform.add_message(id=id_at(days))
        await platform.add_attempt(id_at(days, 1), id=id_at(days, 5))
    await platform.add_attempt(id_at(9, 2), tenant_id=SOMEBODY)

    found = await platform.audit(IdRange(id_at(20), id_at(0)))

    assert set(found.gaps) == {
        missing(id_at(6)),
        of_no_message(id_at(6, 1)),
        of_no_message(id_at(9, 2)),
    }
    assert found.unaudited == [Unaudited(Side.TENANTS, NOW_MS - 7 * DAY_MS + MARGIN_MS, 7, 1)]


class _Retentions:
    """As the gateways would tell them."""

    async def all(self) -> Sequence[TenantRetention]:
        return [TenantRetention(SOMEBODY, 5)]

    async def holds(self) -> list[LegalHold]:
        return []


async def test_what_retention_has_deleted_leaves_no_gap(platform: Platform) -> None:
    await keep_days(platform, 5, SOMEBODY)
    theirs = {"application_id": SOMEBODYS_APP, "tenant_id": SOMEBODY}
    hook = b"h" * 16
    await platform.add("gateway", application_copy, id=SOMEBODYS_APP, tenant_id=SOMEBODY, version=1)
    copied = {"version": 1, "url": "https://x.example", "secrets": b"\x90", "disabled": False}
    await platform.add("worker", endpoint_copy, id=hook, deleted=False, **theirs, **copied)
    for days in range(1, 60):
        await platform.add_message(id=id_at(days))
        await platform.add_attempt(id_at(days), id=id_at(days, 9))
        await platform.add_message(id=id_at(days, 1), **theirs)
        await platform.add_attempt(id_at(days, 1), id=id_at(days, 10), endpoint_id=hook, **theirs)
    gateway, worker = platform.databases["gateway"], platform.databases["worker"]
    kept = retention_tasks(gateway, message_days=30, audit_days=365, key_life_s=60)
    await RetentionLoop(gateway, kept).turn()
    of_worker: dict[str, RetentionTask] = {
        "attempts": RetentionTable(attempt, days=20),
        "cancelled": CancelledRetention(_Retentions(), days=20),
        "tenants": TenantAttemptRetention(_Retentions(), _Retentions(), days=20),
    }
    await RetentionLoop(worker, of_worker).turn()

    found = await platform.audit(IdRange(id_at(70), id_at(0)), Kept(30, 20, NOW_MS))

    assert found.gaps == []
    assert {each.side for each in found.unaudited} == set(Side)
    # Retention did go about it.
    assert found.counts.accepted < 2 * 59


async def test_the_settings_of_the_platform_say_how_far_its_ledgers_reach(
    platform: Platform,
) -> None:
    await platform.add_attempt(id_at(3))
    urls = {
        service: database.engine.url.render_as_string(hide_password=False)
        for service, database in platform.databases.items()
    }
    shared = {
        "ANGARIUM_REDIS_URL": "redis://127.0.0.1:1/0",
        "ANGARIUM_ENCRYPTION_KEY": "A" * 43 + "=",
    }
    installation = Installation(
        "a test",
        {service: {"ANGARIUM_DATABASE_URL": url, **shared} for service, url in urls.items()},
    )
    shorter = {
        service: {**each, "ANGARIUM_MESSAGE_RETENTION_DAYS": "2"}
        for service, each in installation.environments.items()
    }
    span = time_range("10d", None, datetime.now(UTC))

    found = await audit_platform(installation, span, lambda _: None)
    assert found.gaps == [of_no_message(id_at(3))]
    found = await audit_platform(replace(installation, environments=shorter), span, lambda _: None)
    assert found.gaps == []
    assert [(each.side, each.days) for each in found.unaudited] == [(Side.MESSAGES, 2)]
