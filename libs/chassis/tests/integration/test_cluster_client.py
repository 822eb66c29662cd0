"""Commands, transactions and streams on a cluster of six nodes, while its slots move."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
from angarium_chassis.streams.broker import open_broker, redis_of
from angarium_chassis.streams.cluster_client import ClusterClient
from angarium_chassis.streams.quarantine import Poison, Quarantine, QuarantineContents
from angarium_chassis.streams.servers import server_infos, server_runs, server_time
from angarium_chassis.streams.writer import Publication
from angarium_cli.engines.valkey_cluster import ClusterNodeProcess, ValkeyCluster
from angarium_contracts.queries import Done
from faststream.redis import RedisBroker
from redis.crc import key_slot
from redis.exceptions import ResponseError

from ..process_double import STREAM, ProcessDouble

ONE, OTHER = "one:{0}", "other:{1}"


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ValkeyCluster]:
    folder: Path = tmp_path_factory.mktemp("cluster")
    servers = ValkeyCluster(folder, append_only=False)
    try:
        servers.start()
        yield servers
    finally:
        servers.kill()


@pytest.fixture
async def broker(cluster: ValkeyCluster) -> AsyncIterator[RedisBroker]:
    broker = open_broker(cluster.url)
    await broker.connect()
    yield broker
    await broker.stop()


@pytest.fixture
async def redis(broker: RedisBroker) -> Any:
    client = redis_of(broker)
    assert isinstance(client, ClusterClient)
    for key in (ONE, OTHER, "plain"):
        await client.delete(key)
    return client


def owner(cluster: ValkeyCluster, client: ClusterClient, key: str) -> ClusterNodeProcess:
    found = client.get_node_from_key(key)
    return next(node for node in cluster.nodes if found is not None and node.port == found.port)


async def another(
    cluster: ValkeyCluster, client: ClusterClient, key: str
) -> tuple[ClusterNodeProcess, ClusterNodeProcess]:
    """The primary of a key, and another one."""
    source = owner(cluster, client, key)
    ports = {node.port for node in client.get_primaries()} - {source.port}
    return source, next(node for node in cluster.nodes if node.port in ports)


async def test_a_pipeline_runs_over_slots_and_answers_in_its_order(redis: Any) -> None:
    async with redis.pipeline(transaction=True) as pipe:
        pipe.incrby("plain", 2)
        pipe.xadd(ONE, {"a": "1"})
        pipe.time()
        pipe.xadd(OTHER, {"a": "2"})
        pipe.incrby("plain", 3)
        answers = await pipe.execute()
    assert [answers[0], answers[4]] == [2, 5]
    assert int(answers[1].partition(b"-")[0]) // 10_000 == answers[2][0] // 10
    assert await redis.xlen(OTHER) == 1


async def test_the_slot_of_the_last_command_comes_last_and_not_at_all_after_an_error(
    redis: Any,
) -> None:
    await redis.set(OTHER, "not a stream")
    async with redis.pipeline(transaction=True) as pipe:
        pipe.xadd(ONE, {"a": "1"})
        pipe.xadd(OTHER, {"a": "2"})
        pipe.incrby(ONE.replace("one", "done"), 1)
        with pytest.raises(ResponseError, match="WRONGTYPE"):
            await pipe.execute()
    assert await redis.xlen(ONE) == 0


async def test_each_server_is_asked_for_its_own_clock_and_run(
    redis: Any, cluster: ValkeyCluster
) -> None:
    runs = await server_runs(redis, [ONE, OTHER, ONE])
    assert runs[0] == runs[2] != runs[1]
    assert len(await server_infos(redis, "memory")) == 3
    assert (await server_time(redis, ONE))[0] > 0


async def test_a_blocked_reader_follows_a_slot_that_moves(
    redis: Any, cluster: ValkeyCluster
) -> None:
    await redis.xgroup_create(ONE, "group", id="0", mkstream=True)
    reading = asyncio.create_task(redis.xreadgroup("group", "me", {ONE: ">"}, block=3_000))
    source, target = await another(cluster, redis, ONE)
    await until_blocked(source)
    slot = key_slot(ONE.encode())
    source.ask("CLUSTER MIGRATESLOTS SLOTSRANGE", slot, slot, "NODE", target.node_id())
    added = await add_once_moved(redis, cluster, target)
    assert [[entry_id for entry_id, _ in entries] for _, entries in await reading] == [[added]]


async def until_blocked(node: ClusterNodeProcess) -> None:
    while True:
        with node.client() as client:
            if client.info("clients")["blocked_clients"]:
                return
        await asyncio.sleep(0.01)


async def add_once_moved(redis: Any, cluster: ValkeyCluster, target: ClusterNodeProcess) -> bytes:
    while owner(cluster, redis, ONE) is not target:
        await redis.exists(ONE)
        await asyncio.sleep(0.01)
    return bytes(await redis.xadd(ONE, {"a": "1"}))


async def test_an_entry_is_replayed_once_from_the_quarantine_into_another_slot(
    redis: Any, broker: RedisBroker
) -> None:
    await redis.xgroup_create(ONE, "group", id="0", mkstream=True)
    poison = await redis.xadd(ONE, {"a": "1"})
    await Quarantine(broker, "test").put([Poison(ONE, "group", poison, "broken", b"body")])
    assert await redis.xlen(ONE) == 0
    contents = QuarantineContents(redis, "test")
    [entry] = [each async for each in contents.entries()]
    added = await asyncio.gather(*[contents.replay(entry, b"body") for _ in range(4)])
    assert len([each for each in added if each is not None]) == 1
    assert await redis.xlen(ONE) == 1
    assert await contents.count() == 0


async def test_commands_and_transactions_follow_keys_of_a_slot_that_is_half_moved(
    redis: Any, cluster: ValkeyCluster
) -> None:
    """As `valkey-cli --cluster reshard` and Redis before 8.4 move slots: key by key."""
    moved, left, slot = "moved:{2}", "left:{2}", key_slot(b"2")
    await redis.set(moved, "a")
    await redis.set(left, "b")
    source, target = await another(cluster, redis, moved)
    target.ask("CLUSTER SETSLOT", slot, "IMPORTING", source.node_id())
    source.ask("CLUSTER SETSLOT", slot, "MIGRATING", target.node_id())
    source.ask("MIGRATE 127.0.0.1", target.port, moved, 0, 5_000)
    # Several connections to the target: ASKING must be on the one that the command is on.
    assert await asyncio.gather(*[redis.get(moved) for _ in range(8)]) == [b"a"] * 8
    assert await redis.get(left) == b"b"
    # Keys of both sides in one transaction: not before the whole slot has moved.
    mixed = asyncio.create_task(both_in_one(redis, moved, left))
    await asyncio.sleep(0)
    source.ask("MIGRATE 127.0.0.1", target.port, left, 0, 5_000)
    for node in (target, source):
        node.ask("CLUSTER SETSLOT", slot, "NODE", target.node_id())
    assert await mixed == [2, 2]
    assert [await redis.get(moved), await redis.get(left)] == [b"ac", b"bc"]


async def both_in_one(redis: Any, *keys: str) -> list[int]:
    async with redis.pipeline(transaction=True) as pipe:
        for key in keys:
            pipe.append(key, "c")
        return list(await pipe.execute())


async def test_a_reader_and_a_writer_work_over_slots(redis: Any, cluster: ValkeyCluster) -> None:
    process = ProcessDouble(cluster.url, "me")
    await process.broker.connect()
    await redis.delete(STREAM)
    try:
        inbox = process.inbox(finish=False)
        process.read(inbox, lease_s=30)
        await process.publish(1, 2)
        done, kept = await inbox.get(), await inbox.get()

        onward = [Publication(ONE, Done(10)), Publication(OTHER, Done(11), 100, 60)]
        ids = await process.writer.write(onward, done=[done])

        assert [entries_id for entries_id, _ in await redis.xrange(ONE)] == ids[:1]
        assert [entries_id for entries_id, _ in await redis.xrange(OTHER)] == ids[1:]
        assert [entry_id for entry_id, _ in await redis.xrange(STREAM)] == [kept.entry_id]
        await process.publish(3)
        assert (await inbox.get()).value == Done(3)
    finally:
        await process.close()
