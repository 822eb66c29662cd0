"""The ways in which the platform is broken. Each is a context manager: its end mends."""

import asyncio
import itertools
import signal
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import asyncpg
import httpx
import redis
from angarium_contracts.stream_names import deliveries_requested, messages_accepted

from ..faults.link import State  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from .platform import CONNECTIONS_MAX, WINDOW_BYTES, Platform
from .repeating import repeating

LARGE_PAYLOAD_BYTES = 64 * 1024
RECEIVER_DELAY_S = 7.0
DATABASE_DELAY_S = 0.6
WRONG_KEYS_CLIENTS = 50
STOPPED_S, RUNNING_S = 0.5, 0.25
"""As a container's CPU limit stops a process that has used up its share."""
_OVERDUE_RETRIES_TIMEOUT_S = 30.0
_REPLAYED_TIMEOUT_S = 120.0
_WAITING_IN_A_HEALTHY_PLATFORM = 20
"""Open batches: of a light load, few are open at any moment."""


@contextmanager
def no_dispatcher(platform: Platform) -> Iterator[None]:
    """The only dispatcher is stopped."""
    (dispatcher,) = platform.stage.of("dispatcher")
    dispatcher.stop()
    try:
        yield
    finally:
        dispatcher.start()
        platform.stage.await_ready()


@contextmanager
def more_than_the_window(platform: Platform) -> Iterator[None]:
    """Messages of twice the window are posted at once."""
    for _ in range(2 * WINDOW_BYTES // LARGE_PAYLOAD_BYTES):
        platform.post(LARGE_PAYLOAD_BYTES)
    yield


@contextmanager
def entries_vanish(platform: Platform) -> Iterator[None]:
    """Entries are deleted from Redis before the dispatcher, which is stopped, has read them."""
    with (
        platform.stage.redis() as client,
        no_dispatcher(platform),
        repeating(lambda: client.xtrim(messages_accepted(0), maxlen=0), 0.2),
    ):
        yield
    # Batches whose last loss is noticed only now are set aside after the first replay.
    until(partial(_replayed, platform), _REPLAYED_TIMEOUT_S, "no batch is set aside")


def _replayed(platform: Platform) -> bool:
    platform.angarium("quarantine", "replay", "--all")
    found = platform.databases.rows(
        "gateway", "select count(*) filter (where owner = 'set-aside'), count(*) from batch"
    )
    set_aside, waiting = found[0]
    return not set_aside and waiting < _WAITING_IN_A_HEALTHY_PLATFORM


@contextmanager
def unreadable_entry(platform: Platform) -> Iterator[None]:
    """An entry that no service can read is put among the deliveries."""
    with platform.stage.redis() as client:
        client.xadd(deliveries_requested(0), {"stranger": "no entry of ours"})
    try:
        yield
    finally:
        platform.angarium("quarantine", "drop", "--all", "--yes")


@contextmanager
def little_redis_memory(platform: Platform) -> Iterator[None]:
    """The `maxmemory` of Redis is a tenth more than it uses; then much more."""
    with platform.stage.redis() as client:
        used = int(_info(client)["used_memory"])
        client.config_set("maxmemory", used * 11 // 10)
        try:
            yield
        finally:
            client.config_set("maxmemory", used * 10)


@contextmanager
def wrong_keys(platform: Platform) -> Iterator[None]:
    """Many connections send requests with an unknown key; each answer waits two seconds."""
    url = platform.stage.of("gateway")[0].url
    headers = {"authorization": "Bearer sk_unknown"}
    with (
        httpx.Client(base_url=url, headers=headers, timeout=10, trust_env=False) as client,
        repeating(lambda: client.get("/api/v1/app"), 0.1, threads=WRONG_KEYS_CLIENTS),
    ):
        yield


@contextmanager
def slow_database(platform: Platform) -> Iterator[None]:
    """Every statement of the gateway takes longer, while clients list messages."""
    platform.stage.set_link("gateway-postgres", State.OPEN, delay_s=DATABASE_DELAY_S)
    try:
        with platform.stage.api() as api:
            lists = repeating(
                lambda: api.get(f"{platform.app}/msg"), 0.01, threads=2 * CONNECTIONS_MAX
            )
            with lists:
                yield
    finally:
        platform.stage.set_link("gateway-postgres", State.OPEN)


@contextmanager
def no_database(platform: Platform) -> Iterator[None]:
    """The gateway does not reach its database."""
    platform.stage.set_link("gateway-postgres", State.CUT)
    try:
        yield
    finally:
        platform.stage.set_link("gateway-postgres", State.OPEN)


@contextmanager
def slow_receiver(platform: Platform) -> Iterator[None]:
    """The receiver gets every request late."""
    platform.stage.set_link(platform.receiver_link, State.OPEN, delay_s=RECEIVER_DELAY_S)
    try:
        yield
    finally:
        platform.stage.set_link(platform.receiver_link, State.OPEN)


@contextmanager
def no_receiver(platform: Platform) -> Iterator[None]:
    """The receiver of all endpoints refuses connections."""
    platform.stage.set_link(platform.receiver_link, State.CUT)
    try:
        yield
    finally:
        platform.stage.set_link(platform.receiver_link, State.OPEN)


@contextmanager
def no_receiver_of_many(platform: Platform) -> Iterator[None]:
    """As `no_receiver`, and endpoints get their messages one after another.

    Breakers let a failing endpoint be tried once a minute, which does not get shorter with the
    rules: with many endpoints, some attempt fails at any time, as in a real installation.
    """
    numbers = itertools.count()
    with (
        no_receiver(platform),
        repeating(lambda: platform.post_to_quiet_endpoint(next(numbers)), 1.0),
    ):
        yield


@contextmanager
def throttled_dispatcher(platform: Platform) -> Iterator[None]:
    """The dispatcher is stopped and continued all the time."""
    (dispatcher,) = platform.stage.of("dispatcher")

    def stop_for_a_while() -> None:
        dispatcher.signal(signal.SIGSTOP)
        time.sleep(STOPPED_S)
        dispatcher.signal(signal.SIGCONT)

    with repeating(stop_for_a_while, RUNNING_S):
        yield


@contextmanager
def open_transactions(platform: Platform) -> Iterator[None]:
    """Somebody's transactions hold locks against writes, on retries and on scheduled messages."""
    urls = platform.stage.database_urls
    thread = platform.stage.thread
    with no_receiver(platform):
        # Without the receiver there is something to retry.
        _await_retries(urls["worker"])
    platform.post_later(2.0)
    held = [
        thread.run(_begin(urls["gateway"], "lock table scheduled_message in share mode")),
        thread.run(_begin(urls["worker"], "lock table pending_delivery in share mode")),
    ]
    try:
        yield
    finally:
        for connection in held:
            thread.run(connection.close())


async def _begin(url: str, lock: str) -> "asyncpg.Connection[Any]":
    """A connection with an open transaction that has written and holds a lock."""
    connection = await asyncpg.connect(url, ssl=False)
    await connection.execute("begin")
    await connection.execute("select pg_current_xact_id()")
    await connection.execute(lock)
    return connection


def _await_retries(url: str) -> None:
    async def wait() -> None:
        connection = await asyncpg.connect(url, ssl=False)
        try:
            async with asyncio.timeout(_OVERDUE_RETRIES_TIMEOUT_S):
                while not await connection.fetchval("select count(*) from pending_delivery"):
                    await asyncio.sleep(0.1)
        finally:
            await connection.close()

    asyncio.run(wait())


def _info(client: "redis.Redis") -> dict[str, Any]:
    found: Any = client.info("memory")
    return dict(found)
