"""Seeing from outside what Valkey lost, and which batches have passed its streams."""

import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_cli.engines import ValkeyProcess
from angarium_contracts.stream_names import (
    EPOCH_KEY,
    deliveries_requested,
    deliveries_settled,
    messages_accepted,
)
from angarium_gateway.adapters.streams.stream_watch import RedisStreamWatch
from angarium_gateway.application.unavailable import StreamUnavailable
from angarium_gateway.domain.open_batches import OpenBatch
from redis.asyncio import Redis

REPLICA = "me"
STREAMS = (messages_accepted(0), deliveries_requested(0), deliveries_settled(REPLICA))


class Seen:
    """A watch on a Valkey, and the means to change what it sees."""

    def __init__(self, watch: RedisStreamWatch, redis: Redis) -> None:
        self.watch = watch
        self.redis = redis
        self._count = 0

    async def add(self, stream: str, entry_id: str = "*") -> bytes:
        """An entry; by its id it may be of any time."""
        added = await self.redis.xadd(stream, {"a": "b"}, id=entry_id)
        assert isinstance(added, bytes)
        return added

    def batch(self, entry_id: bytes | None, *, number: int = 0) -> OpenBatch:
        self._count += 1
        return OpenBatch(self._count.to_bytes(16), number, 1, 100, 0.0, entry_id)

    async def passed(self, *batches: OpenBatch) -> list[OpenBatch]:
        return await self.watch.passed(batches)


@pytest.fixture
async def seen(redis_url: str) -> AsyncIterator[Seen]:
    broker = open_broker(redis_url)
    await broker.connect()
    yield Seen(RedisStreamWatch(broker, replica=REPLICA), redis_of(broker))
    await broker.stop()


async def identity(watch: RedisStreamWatch) -> str:
    """That of the streams with number 0, which the watch has."""
    return (await watch.identities(()))[0]


def in_the_future(seconds: int = 60) -> str:
    return f"{int(time.time() + seconds) * 1000}-0"


async def test_the_identity_stays_while_nothing_happens_and_is_the_same_for_all(
    seen: Seen, redis_url: str
) -> None:
    first = await identity(seen.watch)
    other_broker = open_broker(redis_url)
    await other_broker.connect()
    other = RedisStreamWatch(other_broker, replica="other")
    assert await identity(other) == first
    assert await identity(seen.watch) == first
    await other_broker.stop()


async def test_the_identity_changes_when_everything_is_flushed(seen: Seen) -> None:
    first = await identity(seen.watch)
    await seen.redis.flushall()
    second = await identity(seen.watch)
    assert second != first
    assert await identity(seen.watch) == second


async def test_the_identity_changes_when_the_epoch_is_lost(seen: Seen) -> None:
    first = await identity(seen.watch)
    await seen.redis.delete(EPOCH_KEY)
    assert await identity(seen.watch) != first


async def test_the_identity_changes_when_the_server_restarts_even_with_its_data(
    tmp_path: Path,
) -> None:
    server = ValkeyProcess(tmp_path / "valkey")
    server.start()
    broker = open_broker(server.url)
    await broker.connect()
    watch = RedisStreamWatch(broker, replica=REPLICA)
    try:
        first = await identity(watch)
        server.stop()
        with pytest.raises(StreamUnavailable):
            await identity(watch)
        with pytest.raises(StreamUnavailable):
            await watch.passed([OpenBatch(b"b" * 16, 0, 1, 1, 0.0, b"1-0")])
        server.start()
        assert await identity(watch) != first
        assert first.split(" ", 1)[1] == (await identity(watch)).split(" ", 1)[1]
    finally:
        await broker.stop()
        server.stop()


async def test_a_batch_has_passed_only_when_no_stream_holds_it_any_more(seen: Seen) -> None:
    entry_id = await seen.add(STREAMS[0])
    batch = seen.batch(entry_id)
    for stream, following in zip(STREAMS, (*STREAMS[1:], None), strict=True):
        assert await seen.passed(batch) == []
        if following is not None:
            await seen.add(following)
        await seen.redis.xtrim(stream, maxlen=0, approximate=False)
    assert await seen.passed(batch) == [batch]


async def test_younger_entries_do_not_hide_that_a_batch_has_passed(seen: Seen) -> None:
    batch = seen.batch(await seen.add(STREAMS[0]))
    await seen.redis.delete(STREAMS[0])
    for stream in STREAMS:
        await seen.add(stream, in_the_future())
    assert await seen.passed(batch) == [batch]


async def test_an_older_entry_that_is_still_there_holds_back_the_younger_ones(seen: Seen) -> None:
    for stream in STREAMS:
        await seen.redis.flushall()
        await seen.add(stream, "1-0")
        batch = seen.batch(b"%d-0" % (int(time.time()) * 1000))
        assert await seen.passed(batch) == []
        assert await seen.passed(batch) == []


async def test_of_several_batches_those_before_the_oldest_entry_have_passed(seen: Seen) -> None:
    ids = [await seen.add(STREAMS[0]) for _ in range(4)]
    batches = [seen.batch(entry_id) for entry_id in ids]
    await seen.redis.xdel(STREAMS[0], ids[0], ids[1])
    assert await seen.passed(*batches) == batches[:2]


async def test_entries_of_one_millisecond_are_told_apart(seen: Seen) -> None:
    await seen.add(STREAMS[0], "5-9")
    await seen.add(STREAMS[0], "5-10")
    await seen.redis.xdel(STREAMS[0], "5-9")
    ninth, tenth = seen.batch(b"5-9"), seen.batch(b"5-10")
    assert await seen.passed(ninth, tenth) == [ninth]


async def test_a_batch_whose_entry_is_not_known_yet_has_not_passed(seen: Seen) -> None:
    assert await seen.passed(seen.batch(None)) == []


async def test_each_stream_number_is_looked_at_by_itself(seen: Seen) -> None:
    held = seen.batch(await seen.add(messages_accepted(1)), number=1)
    gone = seen.batch(b"1-0", number=0)
    assert await seen.passed(held, gone) == [gone]
    await seen.redis.delete(messages_accepted(1))
    await seen.add(deliveries_requested(1))
    assert await seen.passed(held) == []
    await seen.redis.delete(deliveries_requested(1))
    assert await seen.passed(held) == [held]


async def test_settlements_of_other_replicas_are_not_waited_for(seen: Seen) -> None:
    await seen.add(deliveries_settled("other"), "1-0")
    batch = seen.batch(b"1-0")
    assert await seen.passed(batch) == [batch]


async def test_thousands_of_batches_cost_a_handful_of_commands(seen: Seen) -> None:
    await seen.add(STREAMS[0], "1-0")
    batches = [seen.batch(b"2-%d" % number, number=number % 2) for number in range(10_000)]
    before = (await seen.redis.info("stats"))["total_commands_processed"]
    await seen.passed(*batches)
    after = (await seen.redis.info("stats"))["total_commands_processed"]
    assert after - before < 15
