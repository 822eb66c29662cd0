"""A relay between a real database and a stand-in for Angarium."""

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest
from angarium_outbox import Event, Relay, RelaySettings, add_async, add_many_async
from angarium_outbox.store import OutboxStore
from sqlalchemy.ext.asyncio import AsyncEngine

from ..fake_platform import FakePlatform, Message

type NewSettings = Callable[..., RelaySettings]


async def add_events(engine: AsyncEngine, count: int, **members: Any) -> list[str]:
    async with engine.begin() as connection:
        return await add_many_async(
            connection,
            [
                Event(application="acme", event_type="a.b", payload={"n": number}, **members)
                for number in range(count)
            ],
        )


async def ended(store: OutboxStore) -> None:
    """Wait until no event is pending. Polls: a database gives no event."""
    async with asyncio.timeout(60):
        while (await store.backlog()).pending:
            await asyncio.sleep(0.01)


async def test_a_committed_event_is_posted_as_it_was_added_and_a_rolled_back_one_is_not(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    async with Relay(engine, settings()) as relay:
        async with engine.connect() as connection:
            await add_async(connection, "acme", "order.paid", {"id": "rolled back"})
            await connection.rollback()
        async with engine.begin() as connection:
            event_id = await add_async(
                connection,
                "acme",
                "order.paid",
                {"id": 'ord"é\n', "cents": [1, None]},
                key="ord",
                deliver_at=datetime(2030, 1, 2, tzinfo=UTC),
                tags=["a b"],
                channels=["eu"],
            )
        await platform.has_stored(1)
        await ended(store)

    assert platform.stored == [
        {
            "applicationId": "acme",
            "eventType": "order.paid",
            "eventId": event_id,
            "payload": {"id": 'ord"é\n', "cents": [1, None]},
            "deliverAt": "2030-01-02T00:00:00+00:00",
            "tags": ["a b"],
            "channels": ["eu"],
        }
    ]
    assert (relay.counters.accepted, sum(relay.counters.latency)) == (1, 1)


async def test_events_of_a_key_are_posted_in_order_one_a_request(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    event_ids = await add_events(engine, 20, key="same")
    async with Relay(engine, settings()):
        await platform.has_stored(20)
        await ended(store)

    assert platform.event_ids() == event_ids
    assert {len(messages) for _, messages in platform.requests} == {1}


async def test_events_without_a_key_are_posted_in_batches_within_the_limits(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    await add_events(engine, 50)
    async with Relay(engine, settings(batch_events_max=10)):
        await platform.has_stored(50)
        await ended(store)

    assert max(len(messages) for _, messages in platform.requests) <= 10
    assert len(platform.requests) < 12


async def test_a_refused_event_is_set_aside_with_the_reason_and_the_others_go_on(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    platform.refuses = lambda message: (422, "Too odd.") if message["payload"]["n"] == 1 else None
    event_ids = await add_events(engine, 3, key="same")
    async with Relay(engine, settings()) as relay:
        await platform.has_stored(2)
        await ended(store)
        (aside,) = await store.set_aside()
        assert (aside.event_id, aside.reason) == (event_ids[1], "422 refused: payload: Too odd.")

        platform.refuses = lambda _: None
        assert await store.requeue([aside.event_id]) == 1
        relay.wake()
        await platform.has_stored(3)
        await ended(store)
    assert platform.event_ids() == [event_ids[0], event_ids[2], event_ids[1]]
    assert await store.set_aside() == []


@pytest.mark.parametrize("status", [413, 500])
async def test_an_event_by_which_whole_batches_fail_does_not_stop_the_others(
    engine: AsyncEngine,
    platform: FakePlatform,
    settings: NewSettings,
    store: OutboxStore,
    status: int,
) -> None:
    async def refuse(messages: list[Message]) -> Any:
        if any(message["payload"]["n"] == 5 for message in messages):
            return status, {"detail": "No."}, {}
        return None

    platform.before = refuse
    event_ids = await add_events(engine, 10)
    async with Relay(engine, settings()):
        await platform.has_stored(9)
        if status == 500:
            platform.before = None
            await platform.has_stored(10)
        await ended(store)

    aside = [event.event_id for event in await store.set_aside()]
    assert aside == ([] if status == 500 else [event_ids[5]])


async def test_a_platform_that_is_away_or_over_its_quota_gets_every_event_later(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    answers: list[Any] = [
        (429, {"detail": "Too many."}, {"retry-after": "0"}),
        (503, {"detail": "Wait."}, {}),
        (401, {"detail": "Who?"}, {}),
        (404, {"detail": "Where?"}, {}),
        (202, {"something": "else"}, {}),
        ConnectionError(),
    ]

    async def fail(_: list[Message]) -> Any:
        if not answers:
            return None
        answer = answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    platform.before = fail
    event_ids = await add_events(engine, 5, key="same")
    async with Relay(engine, settings(senders=1)) as relay:
        await platform.has_stored(5)
        await ended(store)

    assert platform.event_ids() == event_ids
    assert relay.counters.failures == 6
    assert await store.set_aside() == []


async def test_a_batch_that_is_repeated_has_the_same_idempotency_key(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    failures = [1, 2]

    async def lose_the_answer(_: list[Message]) -> None:
        if failures:
            failures.pop()
            raise ConnectionError

    platform.after = lose_the_answer
    await add_events(engine, 1)
    async with Relay(engine, settings()):
        await platform.has_stored(1)
        await ended(store)

    assert len(platform.requests) == 3
    assert len({key for key, _ in platform.requests}) == 1
    assert (len(platform.stored), platform.duplicates) == (1, 2)


async def test_stopping_lets_the_request_in_flight_end_and_records_it(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    arrived, answered = asyncio.Event(), asyncio.Event()

    async def hold(_: list[Message]) -> None:
        arrived.set()
        await answered.wait()

    platform.before = hold
    await add_events(engine, 3, key="same")
    async with Relay(engine, settings()) as relay:
        await arrived.wait()
        relay.stop()
        answered.set()

    assert len(platform.stored) == 1
    assert (await store.backlog()).pending == 2


async def test_two_relays_share_the_lanes_and_one_takes_those_of_the_other_when_it_stops(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    short = settings(lease_s=1)

    async def until_lanes(first: Relay, second: Relay | None, count: int) -> None:
        async with asyncio.timeout(60):
            while first.counters.lanes != count or (
                second is not None and second.counters.lanes != 32 - count
            ):
                await asyncio.sleep(0.01)

    async with Relay(engine, short) as first:
        async with Relay(engine, short) as second:
            await until_lanes(first, second, 16)
            for number in range(40):
                await add_events(engine, 3, key=f"key {number}")
            await platform.has_stored(120)
            await ended(store)
            assert min(first.counters.accepted, second.counters.accepted) > 0
        await until_lanes(first, None, 32)
        await add_events(engine, 40)
        await platform.has_stored(160)
    assert platform.duplicates == 0


async def test_a_key_with_many_events_does_not_hold_up_the_others(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    await add_events(engine, 105, key="busy")
    (other,) = await add_events(engine, 1, key="other")
    async with Relay(engine, settings(read_events_max=100, senders=1)):
        await platform.has_stored(106)
        await ended(store)

    assert platform.event_ids().index(other) < 5


async def test_accepted_events_are_pruned_after_their_time_and_others_are_not(
    engine: AsyncEngine, platform: FakePlatform, settings: NewSettings, store: OutboxStore
) -> None:
    platform.refuses = lambda message: (422, "No.") if message["payload"]["n"] == 0 else None
    await add_events(engine, 4)
    async with Relay(engine, settings()):
        await ended(store)
    await add_events(engine, 1)

    assert await store.prune(older_than_s=3_600) == 0
    assert await store.prune(older_than_s=-1) == 3
    backlog = await store.backlog()
    assert (backlog.pending, backlog.set_aside) == (1, 1)


async def test_what_is_read_at_a_time_is_bounded_in_bytes(
    engine: AsyncEngine, store: OutboxStore
) -> None:
    async with engine.begin() as connection:
        for number in range(5):
            payload = {"text": "x" * 1_000, "n": number}
            await add_async(connection, "acme", "a.b", payload)

    async def read(bytes_max: int) -> int:
        return len(await store.pending(range(32), events_max=10, bytes_max=bytes_max))

    assert [await read(bytes_max) for bytes_max in (1, 1_500, 3_500, 100_000)] == [1, 2, 4, 5]


async def test_events_of_a_held_key_are_left_out_of_what_is_read(
    engine: AsyncEngine, store: OutboxStore
) -> None:
    await add_events(engine, 2, key="held")
    others = await add_events(engine, 1, key="other") + await add_events(engine, 1)
    (alone,) = await add_events(engine, 1)

    held = [("acme", "held"), ("acme", f"\0{alone}")]
    read = await store.pending(range(32), without=held, events_max=10, bytes_max=100_000)

    assert [event.event_id for event in read] == others
