"""Idempotency keys on both engines."""

import asyncio
from datetime import timedelta

import pytest
from angarium_chassis.database.engine import Database
from angarium_gateway.adapters.database.idempotency_keys import StoredIdempotencyKeys
from angarium_gateway.adapters.database.tables import idempotency_key
from angarium_gateway.application.accept.idempotency import (
    ABANDONED_AFTER,
    KEPT_FOR,
    Answer,
    Claimed,
    IdempotencyKeys,
    InFlight,
    Replayed,
    UsedForAnother,
)
from angarium_gateway.application.unavailable import JournalUnavailable
from sqlalchemy import func, select, update

KEY, REQUEST, ANOTHER = b"k" * 16, b"r" * 16, b"s" * 16
ANSWER = Answer(201, b'{"id":"app_1"}')
A_LITTLE = timedelta(seconds=5)


@pytest.fixture
def keys(database: Database) -> IdempotencyKeys:
    return StoredIdempotencyKeys(database)


async def claimed(keys: IdempotencyKeys) -> Claimed:
    claim = await keys.claim(KEY, REQUEST)
    assert isinstance(claim, Claimed)
    return claim


async def grow_older(database: Database, claim: Claimed, by: timedelta) -> None:
    async with database.engine.begin() as connection:
        await connection.execute(update(idempotency_key).values(created_at=claim.at - by))


async def test_a_key_is_claimed_once_and_then_replays_its_answer(keys: IdempotencyKeys) -> None:
    claim = await claimed(keys)
    assert await keys.claim(KEY, REQUEST) == InFlight()
    await keys.complete(KEY, claim, ANSWER)
    assert await keys.claim(KEY, REQUEST) == Replayed(ANSWER)
    assert isinstance(await keys.claim(b"l" * 16, REQUEST), Claimed)


async def test_another_request_never_gets_a_used_key(keys: IdempotencyKeys) -> None:
    claim = await claimed(keys)
    assert await keys.claim(KEY, ANOTHER) == UsedForAnother()
    await keys.complete(KEY, claim, ANSWER)
    assert await keys.claim(KEY, ANOTHER) == UsedForAnother()


async def test_a_released_key_is_new_again(keys: IdempotencyKeys) -> None:
    await keys.release(KEY, await claimed(keys))
    assert isinstance(await keys.claim(KEY, ANOTHER), Claimed)


async def test_of_many_claims_at_once_exactly_one_succeeds(
    keys: IdempotencyKeys, database: Database
) -> None:
    replica = StoredIdempotencyKeys(database)
    claims = await asyncio.gather(
        *[each.claim(KEY, REQUEST) for each in (keys, replica) for _ in range(8)]
    )
    assert sum(isinstance(claim, Claimed) for claim in claims) == 1
    assert sum(claim == InFlight() for claim in claims) == len(claims) - 1


async def test_a_kept_answer_is_forgotten_after_a_day(
    keys: IdempotencyKeys, database: Database
) -> None:
    claim = await claimed(keys)
    await keys.complete(KEY, claim, ANSWER)
    await grow_older(database, claim, KEPT_FOR - A_LITTLE)
    assert await keys.claim(KEY, REQUEST) == Replayed(ANSWER)
    await grow_older(database, claim, KEPT_FOR + A_LITTLE)
    assert isinstance(await keys.claim(KEY, ANOTHER), Claimed)
    assert await keys.claim(KEY, ANOTHER) == InFlight()


async def test_a_message_s_key_is_taken_over_after_a_day_without_its_message(
    keys: IdempotencyKeys, database: Database
) -> None:
    claim = await claimed(keys)
    of_message = {"application_id": b"a" * 16, "message_id": b"m" * 16}
    async with database.engine.begin() as connection:
        await connection.execute(update(idempotency_key).values(of_message))
    await grow_older(database, claim, KEPT_FOR - A_LITTLE)
    assert await keys.claim(KEY, ANOTHER) == UsedForAnother()
    await grow_older(database, claim, KEPT_FOR + A_LITTLE)
    assert isinstance(await keys.claim(KEY, ANOTHER), Claimed)
    async with database.engine.connect() as connection:
        row = (await connection.execute(select(idempotency_key))).one()
    assert (row.application_id, row.message_id) == (None, None)


async def test_an_abandoned_claim_is_taken_over_and_its_late_owner_changes_nothing(
    keys: IdempotencyKeys, database: Database
) -> None:
    first = await claimed(keys)
    await grow_older(database, first, ABANDONED_AFTER - A_LITTLE)
    assert await keys.claim(KEY, REQUEST) == InFlight()
    await grow_older(database, first, ABANDONED_AFTER + A_LITTLE)
    late = Claimed(first.at - ABANDONED_AFTER - A_LITTLE)
    second = await keys.claim(KEY, REQUEST)
    assert isinstance(second, Claimed)
    await keys.complete(KEY, late, Answer(200, b"late"))
    await keys.release(KEY, late)
    assert await keys.claim(KEY, REQUEST) == InFlight()
    await keys.complete(KEY, second, ANSWER)
    assert await keys.claim(KEY, REQUEST) == Replayed(ANSWER)


async def test_an_answer_that_is_stored_is_not_released(
    keys: IdempotencyKeys, database: Database
) -> None:
    claim = await claimed(keys)
    await keys.complete(KEY, claim, ANSWER)
    await keys.release(KEY, claim)
    async with database.engine.connect() as connection:
        count = select(func.count()).select_from(idempotency_key)
        assert (await connection.execute(count)).scalar() == 1


async def test_a_database_that_fails_is_told_as_the_application_knows_it(
    keys: IdempotencyKeys, database: Database
) -> None:
    async with database.engine.begin() as connection:
        await connection.run_sync(idempotency_key.drop)
    with pytest.raises(JournalUnavailable):
        await keys.claim(KEY, REQUEST)
