"""The connection of a reader or writer, to one server or to the servers of a cluster."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, cast

from faststream.redis import RedisBroker, RedisClusterBroker, RedisSentinelBroker

from .broker import SOCKET_TIMEOUT_OF_SEVERAL_S, SOCKET_TIMEOUT_S, redis_of
from .cluster_client import ClusterClient
from .stream_connection import Command, StreamConnection


class Connection(Protocol):
    """Sends commands, and returns their replies as they came. Raises redis-py's errors."""

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        """Send commands together; raises the first error among the replies."""

    async def execute_atomically(self, commands: Sequence[Command]) -> list[Any]:
        """As `execute`, in one transaction; in a cluster, in one for each slot."""

    def close(self) -> None:
        """Give up what is under way. The next call connects again."""


def connection_of(broker: RedisBroker) -> Connection:
    """A connection, which is opened by the first call."""
    if isinstance(broker, RedisClusterBroker):
        return SlotConnections(lambda: cast("ClusterClient", redis_of(broker)))
    several = isinstance(broker, RedisSentinelBroker)
    return StreamConnection(
        lambda: redis_of(broker),
        answer_timeout_s=SOCKET_TIMEOUT_OF_SEVERAL_S if several else SOCKET_TIMEOUT_S,
    )


class SlotConnections:
    """The connections of a cluster's client, which finds the server of each slot."""

    def __init__(self, client: Callable[[], ClusterClient]) -> None:
        self._client = client

    async def execute(self, commands: Sequence[Command]) -> list[Any]:
        """Send the commands of each slot in one write, in the order of each slot's last one."""
        if len(commands) == 1:
            return [await self._client().execute_command(*commands[0], raw=True)]
        return await self._through_pipeline(commands, atomic=False)

    async def execute_atomically(self, commands: Sequence[Command]) -> list[Any]:
        """As `execute`, with a transaction for each slot."""
        return await self._through_pipeline(commands, atomic=True)

    async def _through_pipeline(self, commands: Sequence[Command], *, atomic: bool) -> list[Any]:
        pipeline = self._client().pipeline(transaction=atomic)
        for command in commands:
            pipeline.execute_command(*command, raw=True)
        return await pipeline.execute()

    def close(self) -> None:
        """Nothing is left open: redis-py closes the connection of a call that is cancelled."""
