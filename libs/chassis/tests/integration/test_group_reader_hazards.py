"""What happens to Redis or stands in a stream, and that reading goes on."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest
from angarium_chassis.streams.broker import redis_problem
from angarium_chassis.streams.group_reader import TRIES_MAX
from angarium_chassis.streams.received import Received
from angarium_cli.engines import ValkeyProcess
from angarium_contracts.contract import encode
from angarium_contracts.hot_path import DeliveriesSettled
from angarium_contracts.queries import Done
from redis.asyncio import Redis

from ..process_double import GROUP, STREAM, ProcessDouble

QUARANTINE = "quarantine:test"


async def quarantined(redis: Redis, count: int = 1) -> list[dict[bytes, bytes]]:
    """The quarantined entries, once there are any."""
    entries: list[dict[bytes, bytes]] = []
    async with asyncio.timeout(15):
        while len(entries) < count:
            answer: Any = await redis.xread({QUARANTINE: "0"}, block=1000, count=100)
            entries = [fields for _, fields in answer[0][1]] if answer else []
    return entries


async def test_a_backlog_written_before_the_first_start_is_read(process: ProcessDouble) -> None:
    await process.publish(1, 2, 3)
    inbox = process.inbox()

    process.read(inbox)

    assert await inbox.numbers(3) == [1, 2, 3]


async def test_entries_published_after_flushall_arrive(
    process: ProcessDouble, redis: Redis
) -> None:
    inbox = process.inbox()
    reader = process.read(inbox)
    await process.publish(1)
    assert await inbox.numbers(1) == [1]

    for number in (2, 3):
        await redis.flushall()
        await process.publish(number)
        assert await inbox.numbers(1) == [number]

    assert reader.running


async def test_flushall_while_entries_are_in_hand_loses_only_those(
    process: ProcessDouble, redis: Redis
) -> None:
    inbox = process.inbox(finish=False)
    process.read(inbox)
    await process.publish(1)
    lost = await inbox.get()

    await redis.flushall()
    await process.publish(2)

    assert (await inbox.get()).value.version == 2
    await process.writer.write([], done=[lost])


async def test_a_server_restarted_without_persistence_is_read_again(
    own_process: ProcessDouble, own_valkey: ValkeyProcess
) -> None:
    await asyncio.to_thread(own_valkey.start)
    inbox = own_process.inbox()
    own_process.read(inbox)
    await own_process.publish(1)
    assert await inbox.numbers(1) == [1]

    await asyncio.to_thread(own_valkey.kill)
    assert await redis_problem(own_process.broker) is not None
    await asyncio.to_thread(own_valkey.start)
    await own_process.publish(2)

    assert await inbox.numbers(1) == [2]
    assert await redis_problem(own_process.broker) is None


async def test_a_reader_started_before_redis_reads_once_it_is_there(
    own_process: ProcessDouble, own_valkey: ValkeyProcess
) -> None:
    inbox = own_process.inbox()
    reader = own_process.read(inbox)
    assert not reader.running

    await asyncio.to_thread(own_valkey.start)
    await own_process.publish(1)

    assert await inbox.numbers(1) == [1]
    assert reader.running


@pytest.mark.parametrize(
    ("fields", "reason", "body"),
    [
        ({"__data__": b"\xc1 not msgpack"}, "unreadable", b"\xc1 not msgpack"),
        (
            {"__data__": msgspec.msgpack.encode({"type": "done/1", "version": "one"})},
            "unreadable",
            msgspec.msgpack.encode({"type": "done/1", "version": "one"}),
        ),
        (
            {"__data__": msgspec.msgpack.encode({"type": "done/2", "news": [1]})},
            "unknown contract done/2",
            msgspec.msgpack.encode({"type": "done/2", "news": [1]}),
        ),
        (
            {"__data__": encode(DeliveriesSettled(settled=()))},
            "unknown contract deliveries.settled/1",
            encode(DeliveriesSettled(settled=())),
        ),
        (
            {"other": b"field"},
            "not an entry of ours",
            msgspec.msgpack.encode({b"other": b"field"}),
        ),
    ],
)
async def test_a_poison_entry_is_quarantined_and_the_next_one_arrives(
    process: ProcessDouble, redis: Redis, fields: dict[str, bytes], reason: str, body: bytes
) -> None:
    inbox = process.inbox()
    poison_id = await redis.xadd(STREAM, fields)  # type: ignore[arg-type]
    await process.publish(2)

    process.read(inbox)

    assert await inbox.numbers(1) == [2]
    (kept,) = await quarantined(redis)
    assert kept[b"stream"] == STREAM.encode()
    assert kept[b"entry_id"] == poison_id
    assert kept[b"reason"].decode().startswith(reason)
    assert kept[b"body"] == body
    assert await redis.xlen(STREAM) == 0
    assert (await redis.xpending(STREAM, GROUP))["pending"] == 0


async def test_an_entry_that_always_fails_is_quarantined_and_others_are_not(
    process: ProcessDouble, redis: Redis
) -> None:
    inbox = process.inbox()
    tries: list[bool] = []

    async def handle(received: Sequence[Received[Done]]) -> None:
        for entry in received:
            if entry.value.version == 2:
                tries.append(entry.redelivered)
                raise ValueError("cannot be handled")
        await inbox(received)

    await process.publish(1, 2, 3)
    process.read(handle, lease_s=0.2)

    (kept,) = await quarantined(redis)
    assert kept[b"reason"] == f"failed {TRIES_MAX} times".encode()
    assert kept[b"body"] == encode(Done(version=2))
    assert tries == [False] + [True] * (TRIES_MAX - 1)
    assert sorted(await inbox.numbers(2)) == [1, 3]
    await process.publish(4)
    assert await inbox.numbers(1) == [4]


async def test_a_key_of_another_kind_is_waited_out(process: ProcessDouble, redis: Redis) -> None:
    inbox = process.inbox()
    reader = process.read(inbox)
    await process.publish(1)
    await inbox.numbers(1)

    await redis.set(STREAM, "text")
    await asyncio.sleep(0.7)  # the readers end, and are refused when they start again
    assert not reader.running
    await redis.delete(STREAM)
    await process.publish(2)

    assert await inbox.numbers(1) == [2]


async def test_a_reader_takes_no_more_than_a_batch_at_a_time(process: ProcessDouble) -> None:
    sizes: list[int] = []
    inbox = process.inbox()

    async def handle(received: Sequence[Received[Done]]) -> None:
        sizes.append(len(received))
        await inbox(received)

    await process.publish(*range(10))
    process.read(handle, entries_max=4)

    assert await inbox.numbers(10) == list(range(10))
    assert sizes == [4, 4, 2]


async def test_a_stopped_reader_waits_for_the_handler_that_runs(
    process: ProcessDouble, redis: Redis
) -> None:
    began, may_end = asyncio.Event(), asyncio.Event()

    async def handle(received: Sequence[Received[Done]]) -> None:
        began.set()
        await may_end.wait()
        await process.writer.write([], done=received)

    reader = process.read(handle)
    await process.publish(1)
    await began.wait()
    task = process.tasks[-1]
    task.cancel()
    await asyncio.sleep(0)
    may_end.set()
    await asyncio.wait([task])

    assert not reader.running
    assert await redis.xlen(STREAM) == 0
