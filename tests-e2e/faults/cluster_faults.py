"""Faults of a Valkey Cluster: nodes die, freeze, forget, come and go; slots move."""

import os
import signal
from collections.abc import Callable

from angarium_cli.engines.valkey_cluster import NODE_TIMEOUT_MS, ClusterNodeProcess

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .cluster_stage import ClusterStage
from .stage import Stage
from .trial import Account, Trial

FLOWS_WITHIN_S = 15.0
FROZEN_S = 2.4 * NODE_TIMEOUT_MS / 1000


def _on_cluster(fault: Callable[[ClusterStage], Account]) -> Callable[[Stage], Account]:
    def run(stage: Stage) -> Account:
        assert isinstance(stage, ClusterStage), "this fault needs a cluster"
        try:
            return fault(stage)
        finally:
            stage.await_whole()

    return run


@_on_cluster
def killed(stage: ClusterStage) -> Account:
    """SIGKILL of the primary of the streams in use, which starts again once a replica serves."""
    with Trial(stage, "Cluster: SIGKILL of a primary") as trial:
        slot = stage.slot_of(trial.app)
        primary = stage.owner(slot)
        trial.blow()
        primary.kill()
        _await_other_owner(stage, slot, primary)
        primary.start()
        trial.run_on(4)
        return trial.conclude(flows_within_s=FLOWS_WITHIN_S)


@_on_cluster
def frozen(stage: ClusterStage) -> Account:
    """SIGSTOP of a primary for longer than the cluster waits for it."""
    with Trial(stage, f"Cluster: SIGSTOP of a primary for {FROZEN_S:g} s") as trial:
        slot = stage.slot_of(trial.app)
        primary = stage.owner(slot)
        trial.blow()
        _signal(primary, signal.SIGSTOP)
        try:
            trial.run_for(FROZEN_S)
        finally:
            _signal(primary, signal.SIGCONT)
        trial.run_on(4)
        return trial.conclude(flows_within_s=FLOWS_WITHIN_S)


@_on_cluster
def slots_moved(stage: ClusterStage) -> Account:
    """The streams' slot goes from primary to primary, as one."""
    return _moves(stage, "Cluster: slots moved as one, 4 times", stage.move_slot)


@_on_cluster
def slots_moved_key_by_key(stage: ClusterStage) -> Account:
    """The same, key by key, as before Valkey 9."""
    title = "Cluster: slots moved key by key, 4 times"
    return _moves(stage, title, stage.move_slot_key_by_key)


def _moves(
    stage: ClusterStage, title: str, move: Callable[[int, ClusterNodeProcess], None]
) -> Account:
    with Trial(stage, title) as trial:
        slot = stage.slot_of(trial.app)
        for _ in range(4):
            source = stage.owner(slot)
            target = next(node for node in stage.primaries() if node is not source)
            trial.blow()
            move(slot, target)
            trial.run_for(1)
        trial.run_on(3)
        return trial.conclude(flows_within_s=FLOWS_WITHIN_S)


@_on_cluster
def node_added_and_removed(stage: ClusterStage) -> Account:
    """A seventh node joins and takes the streams' slot over, gives it back, and leaves."""
    added = ClusterNodeProcess(stage.folder / "cluster" / "node-7")
    with Trial(stage, "Cluster: a node added, and removed") as trial:
        slot = stage.slot_of(trial.app)
        home = stage.owner(slot)
        try:
            trial.blow()
            added.start()
            stage.cluster.nodes.append(added)
            home.ask("CLUSTER MEET 127.0.0.1", added.port, added.bus_port)
            until(lambda: _knows(added, home) and _knows(home, added), 30, "the node has joined")
            stage.move_slot(slot, added)
            trial.run_for(3)
            trial.blow()
            stage.move_slot(slot, home)
            gone = added.node_id()
        finally:
            stage.cluster.nodes.remove(added)
        for node in stage.nodes():
            node.ask("CLUSTER FORGET", gone)
        added.stop()
        trial.run_on(3)
        return trial.conclude(flows_within_s=FLOWS_WITHIN_S)


@_on_cluster
def flushed(stage: ClusterStage) -> Account:
    """FLUSHALL of each primary in turn."""
    with Trial(stage, "Cluster: FLUSHALL of each node in turn") as trial:
        for node in stage.primaries():
            trial.blow()
            node.ask("FLUSHALL")
            trial.run_for(5)
        return trial.conclude(flows_within_s=FLOWS_WITHIN_S)


@_on_cluster
def rolled_back(stage: ClusterStage) -> Account:
    """A primary is killed, and starts again from a file that lacks the last seconds."""
    with Trial(stage, "Cluster: a node's AOF cut back by 3 s") as trial:
        slot = stage.slot_of(trial.app)
        primary = stage.owner(slot)
        trial.note_in_flight()
        files = {
            path: path.stat().st_size
            for path in primary.log_path.parent.glob("appendonlydir/*.incr.*")
        }
        trial.run_for(3)
        with trial.fault():
            primary.kill()
            for path, size in files.items():
                if path.exists() and path.stat().st_size > size:
                    os.truncate(path, size)
            primary.start()
        trial.run_on(4)
        return trial.conclude(flows_within_s=FLOWS_WITHIN_S)


def _await_other_owner(stage: ClusterStage, slot: int, primary: ClusterNodeProcess) -> None:
    until(lambda: stage.owner(slot) is not primary, 60 * stage.patience, "a replica took over")


def _knows(node: ClusterNodeProcess, other: ClusterNodeProcess) -> bool:
    return other.node_id().encode() in node.ask("CLUSTER NODES")


def _signal(node: ClusterNodeProcess, number: signal.Signals) -> None:
    assert node.pid is not None
    os.kill(node.pid, number)
