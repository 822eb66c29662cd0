import asyncio

import pytest
from angarium_chassis.streams.writer import CONCURRENT_MAX, Publication
from angarium_contracts.contract import Reader, encode
from angarium_contracts.queries import Done
from redis.asyncio import Redis
from redis.exceptions import RedisError, ResponseError

from ..process_double import GROUP, STREAM, ProcessDouble, entries_of


async def test_publications_arrive_in_order_and_their_ids_are_given(
    process: ProcessDouble, redis: Redis
) -> None:
    ids = await process.publish(1, 2, 3)

    entries = await entries_of(redis, STREAM)
    assert [entry_id for entry_id, _ in entries] == ids
    bodies = [fields[b"__data__"] for _, fields in entries]
    assert [Reader(Done).read(body) for body in bodies] == [Done(1), Done(2), Done(3)]
    assert bodies[0] == encode(Done(1))


async def test_what_is_done_is_acknowledged_and_deleted_with_the_publication(
    process: ProcessDouble, redis: Redis
) -> None:
    inbox = process.inbox(finish=False)
    reader = process.read(inbox)
    await process.publish(1, 2)
    done, kept = await inbox.get(), await inbox.get()

    await process.writer.write([Publication("onward", Done(10))], done=[done])

    assert await redis.xlen("onward") == 1
    assert [entry_id for entry_id, _ in await entries_of(redis, STREAM)] == [kept.entry_id]
    assert (await redis.xpending(STREAM, GROUP))["pending"] == 1
    assert reader.leased == 1
    assert not done.held
    assert kept.held


async def test_a_write_that_fails_leaves_everything_in_hand(
    process: ProcessDouble, redis: Redis
) -> None:
    inbox = process.inbox(finish=False)
    reader = process.read(inbox)
    await process.publish(1)
    entry = await inbox.get()
    await redis.config_set("maxmemory", 1)
    try:
        with pytest.raises(RedisError):
            await process.writer.write([Publication("onward", Done(10))], done=[entry])
    finally:
        await redis.config_set("maxmemory", 0)

    assert await redis.xlen("onward") == 0
    assert await redis.xlen(STREAM) == 1
    assert entry.held
    assert reader.leased == 1


async def test_a_key_of_another_kind_is_an_error(process: ProcessDouble, redis: Redis) -> None:
    await redis.set(STREAM, "text")

    with pytest.raises(ResponseError):
        await process.publish(1)


async def test_a_stream_keeps_about_its_bound_and_may_expire(
    process: ProcessDouble, redis: Redis
) -> None:
    for _ in range(10):
        batch = [Publication("bounded", Done(1), entries_max=100, expires_s=60)] * 100
        await process.writer.write(batch)

    assert 100 <= await redis.xlen("bounded") <= 300
    assert 0 < await redis.ttl("bounded") <= 60


async def test_many_writes_at_once_share_few_connections(
    process: ProcessDouble, redis: Redis
) -> None:
    before = len(await redis.client_list())

    await asyncio.gather(*[process.publish(number) for number in range(300)])

    assert await redis.xlen(STREAM) == 300
    assert len(await redis.client_list()) - before <= CONCURRENT_MAX
