"""The endpoints that are not well, and the deliveries that wait: one suite over both engines."""

from collections.abc import Mapping
from typing import Any, Final

import pytest
from angarium_chassis.database.columns import from_micros
from angarium_chassis.database.engine import Database
from angarium_contracts.deliveries import (
    CountWaiting,
    FindUnhealthyEndpoints,
    UnhealthyEndpoint,
    WaitingCounted,
)
from angarium_worker.adapters.database import unhealthy_endpoints
from angarium_worker.adapters.database.tables import (
    endpoint_copy,
    endpoint_health,
    lane,
    pending_delivery,
)
from angarium_worker.adapters.database.unhealthy_endpoints import UnhealthyEndpointRows
from sqlalchemy import Table, insert

TENANT, OTHER_TENANT, APPLICATION = b"t" * 16, b"u" * 16, b"a" * 16
NOON_US: Final = 1_767_355_200_000_000
MINUTE_US: Final = 60_000_000
OWNED: Final = {"application_id": APPLICATION, "tenant_id": TENANT}


@pytest.fixture
def rows(database: Database) -> UnhealthyEndpointRows:
    return UnhealthyEndpointRows(database)


def an_id(number: int) -> bytes:
    return number.to_bytes(16)


def a_copy(number: int, **members: Any) -> Mapping[str, Any]:
    of_copy = {"version": 1, "url": "https://example.com", "secrets": b""}
    state = {"disabled": False, "deleted": False}
    return {"id": an_id(number), **OWNED, **of_copy, **state, **members}


def a_failure(number: int, minute: int, **members: Any) -> Mapping[str, Any]:
    since = NOON_US + minute * MINUTE_US
    times = {"failing_since": since, "last_failure_at": since}
    return {"endpoint_id": an_id(number), **OWNED, "version": 1, **times, **members}


def a_lane(number: int, state: str, minute: int, **members: Any) -> Mapping[str, Any]:
    numbers = dict.fromkeys(("waits_until", "fence", "arrivals", "burst_at"), 0)
    at = {"due_at": NOON_US + minute * MINUTE_US, "state": state, "weight": 1, "confirmed": b""}
    return {"endpoint_id": an_id(number), **OWNED, **numbers, **at, **members}


def a_delivery(number: int, minute: int, **members: Any) -> Mapping[str, Any]:
    of_message = {"message_id": an_id(number), "event_type": "a.b", "payload": b"{}"}
    numbers = {"endpoint_version": 1, "attempts_made": 1, "fence": 0}
    at = {"due_at": NOON_US + minute * MINUTE_US, "lane": None}
    return {"endpoint_id": an_id(1), **OWNED, **of_message, **numbers, **at, **members}


async def add(database: Database, table: Table, *values: Mapping[str, Any]) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(insert(table), list(values))


async def test_a_tenant_without_anything_has_nothing_unhealthy(
    rows: UnhealthyEndpointRows,
) -> None:
    found = await rows.unhealthy(FindUnhealthyEndpoints(TENANT))
    assert (found.items, found.done) == ((), True)
    assert await rows.waiting(CountWaiting(TENANT)) == WaitingCounted(0, 0, None)


async def test_an_endpoint_is_found_once_with_all_that_is_wrong(
    database: Database, rows: UnhealthyEndpointRows
) -> None:
    disabled, broken, failing, well = range(1, 5)
    copies = [a_copy(each, disabled=each == disabled) for each in (disabled, broken, failing, well)]
    await add(database, endpoint_copy, *copies)
    # What is disabled is not shown as failing or broken, too.
    failures = [a_failure(each, minute=each) for each in (disabled, broken, failing)]
    await add(database, endpoint_health, *failures)
    await add(
        database,
        lane,
        a_lane(disabled, "open", minute=1),
        a_lane(broken, "open", minute=9),
        a_lane(failing, "waiting", minute=1),
        a_lane(well, "delivering", minute=1),
    )

    found = await rows.unhealthy(FindUnhealthyEndpoints(TENANT))

    assert found.done
    assert found.items == (
        UnhealthyEndpoint(an_id(disabled), APPLICATION, disabled=True),
        UnhealthyEndpoint(
            an_id(broken),
            APPLICATION,
            state="open",
            failing_since=from_micros(NOON_US + broken * MINUTE_US),
            open_until=from_micros(NOON_US + 9 * MINUTE_US),
        ),
        UnhealthyEndpoint(
            an_id(failing),
            APPLICATION,
            failing_since=from_micros(NOON_US + failing * MINUTE_US),
        ),
    )


@pytest.mark.parametrize("state", ["probing", "recovering"])
async def test_only_an_open_breaker_says_until_when(
    database: Database, rows: UnhealthyEndpointRows, state: str
) -> None:
    await add(database, endpoint_copy, a_copy(1))
    await add(database, lane, a_lane(1, state, minute=9))
    found = await rows.unhealthy(FindUnhealthyEndpoints(TENANT))
    assert found.items == (UnhealthyEndpoint(an_id(1), APPLICATION, state=state),)


async def test_deleted_endpoints_and_those_of_other_tenants_are_left_out(
    database: Database, rows: UnhealthyEndpointRows
) -> None:
    others = {"tenant_id": OTHER_TENANT}
    await add(
        database,
        endpoint_copy,
        a_copy(1, deleted=True, disabled=True),
        a_copy(2, deleted=True),
        a_copy(3, disabled=True, **others),
        a_copy(4, **others),
    )
    await add(database, endpoint_health, a_failure(2, 0), a_failure(4, 0, **others))
    await add(database, lane, a_lane(2, "open", 1), a_lane(4, "open", 1, **others))
    assert (await rows.unhealthy(FindUnhealthyEndpoints(TENANT))).items == ()
    theirs = await rows.unhealthy(FindUnhealthyEndpoints(OTHER_TENANT))
    assert {each.endpoint_id for each in theirs.items} == {an_id(3), an_id(4)}


async def test_a_limit_keeps_those_that_fail_for_longest_and_says_that_there_are_more(
    database: Database, rows: UnhealthyEndpointRows
) -> None:
    await add(database, endpoint_copy, *(a_copy(each) for each in range(1, 4)))
    failures = [a_failure(each, minute=-each) for each in range(1, 4)]
    await add(database, endpoint_health, *failures)
    found = await rows.unhealthy(FindUnhealthyEndpoints(TENANT, limit=2))
    assert [each.endpoint_id for each in found.items] == [an_id(3), an_id(2)]
    assert not found.done
    assert (await rows.unhealthy(FindUnhealthyEndpoints(TENANT, limit=3))).done


async def test_deliveries_that_wait_are_counted_with_the_oldest(
    database: Database, rows: UnhealthyEndpointRows
) -> None:
    theirs = {"endpoint_id": an_id(3), "tenant_id": OTHER_TENANT}
    copies = (a_copy(1), a_copy(2), a_copy(3, tenant_id=OTHER_TENANT))
    await add(database, endpoint_copy, *copies)
    await add(
        database,
        pending_delivery,
        a_delivery(1, minute=5),
        a_delivery(2, minute=3, lane=0),
        a_delivery(3, minute=4, lane=1, endpoint_id=an_id(2)),
        a_delivery(4, minute=1, **theirs),
    )
    oldest = from_micros(NOON_US + 3 * MINUTE_US)
    assert await rows.waiting(CountWaiting(TENANT)) == WaitingCounted(3, 2, oldest)


async def test_deliveries_are_counted_up_to_a_bound(
    database: Database, rows: UnhealthyEndpointRows, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(unhealthy_endpoints, "COUNTED_MAX", 2)
    await add(database, endpoint_copy, a_copy(1))
    await add(database, pending_delivery, *(a_delivery(each, minute=-each) for each in range(1, 5)))
    counted = await rows.waiting(CountWaiting(TENANT))
    oldest = from_micros(NOON_US - 4 * MINUTE_US)
    assert counted == WaitingCounted(2, 0, oldest), "the oldest is found beyond the bound"
