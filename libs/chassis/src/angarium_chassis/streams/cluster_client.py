"""Client of a Redis or Valkey Cluster.

redis-py reads the topology and keeps the connections. Sending is done here, because redis-py sends
ASKING and the command that it is for on different connections, raises errors that are no
`RedisError`, and closes the connections of all readers when a slot moves.
"""

import asyncio
from collections.abc import Sequence
from typing import Any, Final, cast, override

from redis.asyncio.cluster import ClusterNode, PipelineCommand, RedisCluster
from redis.asyncio.connection import Connection
from redis.cluster import PRIMARY
from redis.exceptions import (
    AskError,
    BusyLoadingError,
    ClusterDownError,
    ConnectionError,  # noqa: A004 - as redis-py names it
    ExecAbortError,
    MaxConnectionsError,
    MovedError,
    RedisClusterException,
    RedisError,
    ResponseError,
    TimeoutError,  # noqa: A004 - as redis-py names it
    TryAgainError,
)

from .slot_pipeline import SlotPipeline, key_of

HOME_KEY: Final = "angarium.processes"
"""The node of this key answers commands that name none, such as TIME."""
REDIRECTIONS_MAX: Final = 40
"""More than a slot that moves can cause before the caller is told to try again."""
TRY_AGAIN_PAUSE_S: Final = 0.05
READ_TRIES: Final = 60
READ_PAUSE_S: Final = 0.5
_READS: Final = frozenset({"XREAD", "XREADGROUP", "XAUTOCLAIM"})
_REDIRECTS: Final = (AskError, TryAgainError)


class NotACluster(ConnectionError):
    """The servers are reachable, and not in cluster mode."""


class ClusterClient(RedisCluster):
    """Runs each command on the primary that serves its slot, wherever that has moved.

    A command is sent once, unless a node refused it: whether to repeat one whose answer was lost,
    only the caller knows. Reads of a stream are repeated: a reader that loses its node has nothing
    to do but to find the next one. Raises redis-py's errors, all of them `RedisError`.
    """

    def __init__(self, *, ssl_password: str | None = None, **options: Any) -> None:
        # Without full coverage, the slots of the other primaries go on while one has none.
        super().__init__(require_full_coverage=False, **options)
        if ssl_password is not None:
            self.connection_kwargs["ssl_password"] = ssl_password
            for node in self.startup_nodes:
                node.connection_kwargs["ssl_password"] = ssl_password
        self._topology = asyncio.Lock()
        self._failed: str | None = None

    @override
    async def initialize(
        self,
        additional_startup_nodes_info: list[tuple[str, int]] | None = None,
        last_failed_node_name: str | None = None,
    ) -> "ClusterClient":
        """Read the topology if it is unknown or outdated."""
        async with self._topology:
            if self._initialize:
                try:
                    # A node that no longer answers would hold everything up: it is asked last.
                    await self.nodes_manager.initialize(last_failed_node_name=self._failed)
                except (RedisClusterException, IndexError) as error:
                    if isinstance(error.__cause__, RedisError):
                        raise error.__cause__ from error.__cause__.__cause__
                    if "not enabled" in str(error):
                        raise NotACluster(str(error)) from error
                    raise ConnectionError(f"the cluster cannot be reached: {error}") from error
                self._initialize = False
        return self

    @override
    async def aclose(self) -> None:
        """Close all connections, also while the topology is to be read again."""
        self._initialize = True
        await self.nodes_manager.aclose()
        await self.nodes_manager.aclose("startup_nodes")

    @override
    def pipeline(self, transaction: Any = None, shard_hint: Any = None) -> SlotPipeline:
        """A pipeline over all slots; see `SlotPipeline`."""
        return SlotPipeline(self, atomic=bool(transaction))  # type: ignore[abstract]

    @override
    async def execute_command(self, *args: Any, **options: Any) -> Any:
        """Run one command on the node of its key."""
        options.pop("keys", None)
        key = key_of(args)
        slot = self.keyslot(HOME_KEY if key is None else key)
        command = PipelineCommand(0, *args, **options)
        for left in reversed(range(READ_TRIES if args[0] in _READS else 1)):
            try:
                [answer] = await self.on_slot(slot, [command], atomic=False)
            except (ConnectionError, TimeoutError, ClusterDownError) as error:
                if not left or isinstance(error, MaxConnectionsError):
                    raise
                await asyncio.sleep(READ_PAUSE_S)
                continue
            if isinstance(answer, Exception):
                raise answer
            return answer
        raise AssertionError("unreachable")

    @override
    async def ping(self, **_: Any) -> bool:
        """Ask whether the cluster serves its slots. Raises `ClusterDownError` if it does not."""
        state: Any = await self.execute_command("CLUSTER INFO")
        if state.get("cluster_state") != "ok":
            raise ClusterDownError("CLUSTERDOWN some slots have no primary that answers")
        return True

    async def owner_of(self, key: str) -> ClusterNode:
        """The primary that serves the slot of `key`, as far as is known."""
        if self._initialize:
            await self.initialize()
        return self._node(self.keyslot(key))

    async def time_of(self, key: str) -> tuple[int, int]:
        """The time by the clock of the node that has `key`: seconds and microseconds."""
        [found] = await self.on_slot(self.keyslot(key), [PipelineCommand(0, "TIME")], atomic=False)
        return cast("tuple[int, int]", found)

    async def info_of(self, key: str, *sections: str) -> dict[str, Any]:
        """INFO of the node that has `key`."""
        [found] = await self.on_slot(
            self.keyslot(key), [PipelineCommand(0, "INFO", *sections)], atomic=False
        )
        return cast("dict[str, Any]", found)

    async def infos(self, *sections: str) -> list[dict[str, Any]]:
        """INFO of each primary."""
        if self._initialize:
            await self.initialize()
        command = PipelineCommand(0, "INFO", *sections)
        found = [await self._send(node, [command], False, False) for node in self.get_primaries()]
        return [cast("dict[str, Any]", one) for [one] in found]

    def connections(self) -> tuple[int, int]:
        """How many connections may be open, and how many are in use; of all nodes."""
        nodes = self.get_nodes()
        used = sum(len(node._connections) - len(node._free) for node in nodes)  # noqa: SLF001
        return sum(node.max_connections for node in nodes), used

    async def on_slot(
        self, slot: int, commands: Sequence[PipelineCommand], *, atomic: bool
    ) -> list[Any]:
        """Run commands whose keys are all of `slot`, with `atomic` as one transaction.

        Returns the answers; those of refused commands are errors. Raises the errors of the
        connection, and those of the whole transaction.
        """
        answers: list[Any] = [None] * len(commands)
        waiting = list(range(len(commands)))
        asked: ClusterNode | None = None
        for _ in range(REDIRECTIONS_MAX):
            if self._initialize:
                await self.initialize()
            node = asked or self._node(slot)
            some = [commands[at] for at in waiting]
            found = await self._send(node, some, atomic, asking=asked is not None)
            for at, answer in zip(waiting, found, strict=True):
                answers[at] = answer
            if atomic:
                refused = next((each for each in found if isinstance(each, _REDIRECTS)), None)
                waiting = waiting if refused is not None else []
            else:
                waiting = [at for at in waiting if isinstance(answers[at], _REDIRECTS)]
                refused = answers[waiting[0]] if waiting else None
            if refused is None:
                return answers
            asked = await self._follow(refused, node)
        raise ConnectionError(f"slot {slot} moves; try again")

    def _node(self, slot: int) -> ClusterNode:
        nodes = self.nodes_manager.slots_cache.get(slot)
        if not nodes:
            self._initialize = True
            raise ConnectionError(f"no node serves slot {slot}")
        return nodes[0]

    async def _follow(self, refused: ResponseError, node: ClusterNode) -> ClusterNode | None:
        """Learn from a redirection; the node to ask next, if that is not the slot's own."""
        if not isinstance(refused, AskError):
            await asyncio.sleep(TRY_AGAIN_PAUSE_S)
            return None
        host = refused.host or node.host
        host, port = self.nodes_manager.remap_host_port(host, refused.port)
        refused.host, refused.port = host, port
        if isinstance(refused, MovedError):
            if refused.slot_id in self.nodes_manager.slots_cache:
                await self.nodes_manager.move_slot(refused)
            else:
                self._initialize = True
            return None
        known = self.get_node(host=host, port=port)
        if known is None:
            known = ClusterNode(host, port, PRIMARY, **self.connection_kwargs)
            self.nodes_manager.set_nodes(self.nodes_manager.nodes_cache, {known.name: known})
        return known

    async def _send(
        self, node: ClusterNode, commands: Sequence[PipelineCommand], atomic: bool, asking: bool
    ) -> list[Any]:
        connection = node.acquire_connection()
        try:
            await node.disconnect_if_needed(connection)
            if atomic:
                return await self._transaction(node, connection, commands, asking)
            return await self._one_by_one(node, connection, commands, asking)
        except MaxConnectionsError:
            raise
        except (BusyLoadingError, ConnectionError, TimeoutError, OSError) as error:
            await self._distrust(node)
            if isinstance(error, OSError) and not isinstance(error, ConnectionError | TimeoutError):
                raise ConnectionError(str(error)) from error
            raise
        except ClusterDownError:
            self._initialize = True
            raise
        finally:
            try:
                await node.disconnect_if_needed(connection)
            finally:
                node.release(connection)

    async def _distrust(self, node: ClusterNode) -> None:
        """Read the topology again before the next command, from another node if possible."""
        node.update_active_connections_for_reconnect()
        await node.disconnect_free_connections()
        self._failed = node.name
        self._initialize = True

    async def _one_by_one(
        self,
        node: ClusterNode,
        connection: Connection,
        commands: Sequence[PipelineCommand],
        asking: bool,
    ) -> list[Any]:
        sent: list[Any] = []
        for command in commands:
            sent += [("ASKING",), command.args] if asking else [command.args]
        await connection.send_packed_command(connection.pack_commands(sent))
        answers: list[Any] = []
        for command in commands:
            if asking:
                await self._answer(node, connection, "ASKING")
            answer = await self._answer(node, connection, _form_of(command), **command.kwargs)
            if isinstance(answer, ClusterDownError):
                raise answer
            answers.append(answer)
        return answers

    async def _transaction(
        self,
        node: ClusterNode,
        connection: Connection,
        commands: Sequence[PipelineCommand],
        asking: bool,
    ) -> list[Any]:
        # A node that was asked takes the whole transaction for what follows ASKING.
        before: list[tuple[str]] = [("ASKING",), ("MULTI",)] if asking else [("MULTI",)]
        sent = [*before, *(command.args for command in commands), ("EXEC",)]
        await connection.send_packed_command(connection.pack_commands(sent))
        queued = [await self._answer(node, connection, "_") for _ in sent[:-1]]
        done = await self._answer(node, connection, "_")
        if isinstance(done, Exception):
            refused = [each for each in queued if isinstance(each, Exception)]
            cause = refused[0] if refused and isinstance(done, ExecAbortError) else done
            if isinstance(cause, _REDIRECTS):
                return [cause] * len(commands)
            raise cause
        return [self._read(command, answer) for command, answer in zip(commands, done, strict=True)]

    def _read(self, command: PipelineCommand, answer: Any) -> Any:
        read = self.response_callbacks.get(_form_of(command))
        if read is None or isinstance(answer, Exception):
            return answer
        return read(answer, **command.kwargs)

    @staticmethod
    async def _answer(node: ClusterNode, connection: Connection, name: str, **options: Any) -> Any:
        try:
            return await node.parse_response(connection, name, **options)
        except ResponseError as error:
            return error


def _form_of(command: PipelineCommand) -> str:
    """The name by which redis-py forms the answer; none with the option `raw`."""
    return "" if command.kwargs.get("raw") else command.args[0]
