"""The suite's stage on a Valkey Cluster of six nodes, without links: its nodes name themselves."""

from pathlib import Path
from typing import Any

from angarium_cli.engines import PostgresProcess, ValkeyCluster
from angarium_cli.engines.valkey_cluster import ClusterNodeProcess
from angarium_contracts.ids import APPLICATION, parse_id
from angarium_contracts.stream_names import messages_accepted, stream_number
from redis import RedisError
from redis.crc import key_slot

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .stage import Stage

STREAMS = 4
"""So many that each primary has some."""
MOVED_AT_ONCE = 100
_WHOLE_TIMEOUT_S = 60.0


class ClusterStage(Stage):
    """As `Stage`, on a cluster."""

    def __init__(
        self,
        folder: Path,
        *,
        patience: float = 1.0,
        postgres: PostgresProcess | None = None,
    ) -> None:
        super().__init__(
            folder, patience=patience, postgres=postgres, ANGARIUM_STREAM_COUNT=str(STREAMS)
        )
        self.cluster = ValkeyCluster(folder / "cluster")
        self.streams = self.cluster

    def _link_streams(self, service: str) -> None:
        """Clients learn the nodes' own addresses, past any link."""

    def _streams_url(self, service: str) -> str:
        return self.cluster.url

    def nodes(self) -> list[ClusterNodeProcess]:
        """The nodes that run."""
        return [node for node in self.cluster.nodes if node.alive()]

    def slot_of(self, app: str) -> int:
        """The slot of the streams that messages to this application go through."""
        application_id = parse_id(APPLICATION, app.rpartition("/")[2])
        assert application_id is not None
        return key_slot(messages_accepted(stream_number(application_id, STREAMS)).encode())

    def owner(self, slot: int) -> ClusterNodeProcess:
        """The primary that serves a slot, as most nodes see it."""
        votes: dict[int, int] = {}
        for node in self.nodes():
            try:
                ranges: Any = node.ask("CLUSTER SLOTS")
            except (RedisError, OSError):
                continue
            for first, last, primary, *_ in ranges:
                if first <= slot <= last:
                    votes[int(primary[1])] = votes.get(int(primary[1]), 0) + 1
        port = max(votes, key=lambda each: votes[each])
        return next(node for node in self.cluster.nodes if node.port == port)

    def primaries(self) -> list[ClusterNodeProcess]:
        """The nodes that serve slots."""
        ports = {int(one[2][1]) for one in self.nodes()[0].ask("CLUSTER SLOTS")}
        return [node for node in self.nodes() if node.port in ports]

    def await_whole(self) -> None:
        """Wait until every slot is served and every replica follows its primary."""

        def whole() -> bool:
            try:
                self.cluster.form()
            except (RedisError, OSError):
                return False
            return True

        until(whole, _WHOLE_TIMEOUT_S * self.patience, "the cluster is whole")

    def move_slot(self, slot: int, target: ClusterNodeProcess) -> None:
        """Move a slot as one, as Valkey 9 does."""
        source = self.owner(slot)
        source.ask("CLUSTER MIGRATESLOTS SLOTSRANGE", slot, slot, "NODE", target.node_id())
        until(
            lambda: self.owner(slot) is target,
            _WHOLE_TIMEOUT_S * self.patience,
            f"slot {slot} has moved",
        )

    def move_slot_key_by_key(self, slot: int, target: ClusterNodeProcess) -> None:
        """Move a slot as `valkey-cli --cluster reshard` does."""
        source = self.owner(slot)
        target.ask("CLUSTER SETSLOT", slot, "IMPORTING", source.node_id())
        source.ask("CLUSTER SETSLOT", slot, "MIGRATING", target.node_id())
        keys: Any
        while keys := source.ask("CLUSTER GETKEYSINSLOT", slot, MOVED_AT_ONCE):
            source.ask("MIGRATE", "127.0.0.1", target.port, b"", 0, 5_000, "KEYS", *keys)
        for node in (target, source):
            node.ask("CLUSTER SETSLOT", slot, "NODE", target.node_id())
