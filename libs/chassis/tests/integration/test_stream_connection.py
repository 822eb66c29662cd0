"""The connection of the hot path, on a real Valkey."""

import asyncio
from collections.abc import AsyncIterator

import pytest
from angarium_chassis.streams.stream_connection import StreamConnection
from angarium_cli.engines import ValkeyProcess
from redis.asyncio import Redis
from redis.exceptions import ConnectionError as RedisConnectionError
from redis.exceptions import ResponseError
from redis.exceptions import TimeoutError as RedisTimeoutError


@pytest.fixture
async def connection(redis: Redis) -> AsyncIterator[StreamConnection]:
    """A connection that is opened through the client of the test."""
    connection = StreamConnection(lambda: redis)
    yield connection
    connection.close()


async def test_overlapping_calls_each_get_their_replies(connection: StreamConnection) -> None:
    answers = await asyncio.gather(
        *(connection.execute([("ECHO", number), ("ECHO", -number)]) for number in range(1, 20))
    )

    assert answers == [[b"%d" % number, b"%d" % -number] for number in range(1, 20)]


async def test_the_first_error_is_raised_and_the_connection_goes_on(
    connection: StreamConnection,
) -> None:
    with pytest.raises(ResponseError, match="unknown command"):
        await connection.execute([("ECHO", 1), ("NO-SUCH",), ("ECHO", 2)])

    assert await connection.execute([("ECHO", 3)]) == [b"3"]


async def test_a_transaction_with_an_unknown_command_changes_nothing(
    connection: StreamConnection, redis: Redis
) -> None:
    with pytest.raises(ResponseError, match="unknown command"):
        await connection.execute_atomically([("SET", "changed", 1), ("NO-SUCH",)])

    assert await redis.exists("changed") == 0


async def test_an_answer_that_does_not_come_closes_the_connection(redis: Redis) -> None:
    connection = StreamConnection(lambda: redis, answer_timeout_s=0.05)

    with pytest.raises(RedisTimeoutError):
        await connection.execute([("BLPOP", "empty", 0)])

    assert await connection.execute([("ECHO", 1)]) == [b"1"]
    connection.close()


async def test_a_caller_that_gives_up_does_not_shift_the_answers(
    connection: StreamConnection, redis: Redis
) -> None:
    await connection.execute([("PING",)])
    given_up = asyncio.ensure_future(connection.execute([("BLPOP", "late", 0)]))
    await asyncio.sleep(0)
    given_up.cancel()
    later = asyncio.ensure_future(connection.execute([("ECHO", 2)]))
    await redis.rpush("late", 1)

    assert await later == [b"2"]


async def test_closing_fails_what_waits_and_the_next_call_opens_another(
    connection: StreamConnection,
) -> None:
    await connection.execute([("PING",)])
    waiting = asyncio.ensure_future(connection.execute([("BLPOP", "empty", 0)]))
    await asyncio.sleep(0)
    connection.close()

    with pytest.raises(RedisConnectionError):
        await waiting
    assert await connection.execute([("ECHO", 1)]) == [b"1"]


async def test_a_connection_that_the_server_has_ended_is_opened_again(
    connection: StreamConnection, redis: Redis
) -> None:
    (client_id,) = await connection.execute([("CLIENT", "ID")])
    waiting = asyncio.ensure_future(connection.execute([("BLPOP", "empty", 0)]))
    await asyncio.sleep(0)
    await redis.client_kill_filter(_id=str(client_id))

    with pytest.raises(RedisConnectionError):
        await waiting
    assert await connection.execute([("CLIENT", "ID")]) != [client_id]


async def test_the_pool_lends_one_connection_however_often_it_is_lost(
    connection: StreamConnection, redis: Redis
) -> None:
    for _ in range(3):
        await connection.execute([("PING",)])
        connection.close()
    await connection.execute([("PING",)])

    assert len(redis.connection_pool._in_use_connections) == 1


@pytest.mark.parametrize("protocol", [2, 3])
async def test_the_end_of_the_client_ends_the_connection(redis_url: str, protocol: int) -> None:
    client = Redis.from_url(redis_url, protocol=protocol)
    connection = StreamConnection(lambda: client)
    await connection.execute([("PING",)])
    waiting = asyncio.ensure_future(connection.execute([("BLPOP", "empty", 0)]))
    await asyncio.sleep(0)

    async with asyncio.timeout(2):
        await client.aclose()
    with pytest.raises(RedisConnectionError):
        await waiting


async def test_a_server_that_is_away_is_an_error_until_it_is_back(
    own_valkey: ValkeyProcess,
) -> None:
    await asyncio.to_thread(own_valkey.start)
    await asyncio.to_thread(own_valkey.kill)
    async with Redis.from_url(own_valkey.url) as client:
        connection = StreamConnection(lambda: client)
        with pytest.raises(RedisConnectionError):
            await connection.execute([("ECHO", 1)])
        await asyncio.to_thread(own_valkey.start)

        assert await connection.execute([("ECHO", 1)]) == [b"1"]
        connection.close()
