"""All faults, in the order in which the suite runs them."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from random import Random

from . import (
    backlog,
    clock_faults,
    cluster_faults,
    entry_faults,
    failover_faults,
    handler_bugs,
    killing,
    link_faults,
    operator_faults,
    polling,
    postgres_faults,
    redis_faults,
    stream_count_changes,
    upgrade,
)
from .link import State
from .stage import SERVICES, Stage
from .trial import Account


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the table, or several. `waits`: it takes long, and mostly waits. `cluster`: it
    needs a stage on a cluster."""

    name: str
    run: Callable[[Stage, Random], list[Account]]
    waits: bool = False
    cluster: bool = False


def _one(fault: Callable[[Stage], Account]) -> Callable[[Stage, Random], list[Account]]:
    return lambda stage, _: [fault(stage)]


def _killing() -> list[Scenario]:
    found = []
    for service in SERVICES:
        found.append(
            Scenario(
                f"kill-{service}",
                _seeded(partial(killing.killed_at_random, service=service)),
            )
        )
        found.append(
            Scenario(
                f"kill-only-{service}",
                _seeded(partial(killing.killed_alone, service=service)),
            )
        )
        found.append(
            Scenario(
                f"steps-{service}",
                _seeded(partial(killing.killed_at_steps, service=service)),
            )
        )
        found.append(Scenario(f"freeze-{service}", _one(partial(killing.frozen, service=service))))
    return found


def _seeded(fault: Callable[[Stage, Random], Account]) -> Callable[[Stage, Random], list[Account]]:
    return lambda stage, random: [fault(stage, random)]


def _links() -> list[Scenario]:
    found = [
        Scenario(
            f"link-{service}-{engine}-{state.name.lower()}",
            _one(partial(link_faults.engine_link, service=service, engine=engine, state=state)),
        )
        for service in SERVICES
        for engine in ("redis", "postgres")
        for state in (State.CUT, State.HALF_OPEN)
    ]
    found += [
        Scenario(
            f"link-{service}-{engine}-slow",
            _one(partial(link_faults.slow_link, service=service, engine=engine)),
        )
        for service in SERVICES
        for engine in ("redis", "postgres")
    ]
    return [
        *found,
        Scenario("link-receivers-cut", _one(partial(link_faults.receiver_link, state=State.CUT))),
        Scenario(
            "link-receivers-half-open",
            _one(partial(link_faults.receiver_link, state=State.HALF_OPEN)),
        ),
        Scenario(
            "link-receivers-slow",
            _one(partial(link_faults.receiver_link, state=State.OPEN, delay_s=0.3)),
        ),
    ]


def _clocks() -> list[Scenario]:
    return [
        Scenario(
            f"clock-{service}-{'ahead' if shift_s > 0 else 'behind'}",
            _one(partial(clock_faults.shifted, service=service, shift_s=shift_s)),
        )
        for service in SERVICES
        for shift_s in (clock_faults.SHIFT_S, -clock_faults.SHIFT_S)
    ]


def _handler_bugs() -> list[Scenario]:
    return [
        Scenario(f"handler-bug-{where}{service}", _one(partial(fault, service=service)), waits)
        for where, fault, waits in (
            ("", handler_bugs.in_one_replica, False),
            ("everywhere-", handler_bugs.everywhere, True),
        )
        for service in ("dispatcher", "worker")
    ]


def _cluster() -> list[Scenario]:
    return [
        Scenario(f"cluster-{name}", _one(fault), cluster=True)
        for name, fault in (
            ("killed", cluster_faults.killed),
            ("frozen", cluster_faults.frozen),
            ("slots-moved", cluster_faults.slots_moved),
            ("slots-moved-key-by-key", cluster_faults.slots_moved_key_by_key),
            ("node-added-and-removed", cluster_faults.node_added_and_removed),
            ("flushall", cluster_faults.flushed),
            ("rolled-back", cluster_faults.rolled_back),
        )
    ]


SCENARIOS = [
    *_killing(),
    Scenario("redis-flushall", _one(redis_faults.flushed)),
    Scenario("redis-restart-empty", _one(redis_faults.restarted_empty)),
    Scenario("redis-rolled-back", _one(redis_faults.rolled_back)),
    Scenario("redis-gone", _one(partial(redis_faults.gone, seconds=120)), waits=True),
    Scenario("redis-read-only", _one(redis_faults.read_only)),
    Scenario("redis-out-of-memory", _one(redis_faults.out_of_memory)),
    Scenario("redis-slow", _one(redis_faults.slow)),
    Scenario("postgres-killed", _one(postgres_faults.postmaster_killed)),
    Scenario("postgres-shut-down", _one(postgres_faults.shut_down_at_once)),
    Scenario("postgres-gone", _one(partial(postgres_faults.gone, seconds=60)), waits=True),
    Scenario("postgres-connections", _one(postgres_faults.connections_killed)),
    Scenario("postgres-disk-full", _one(postgres_faults.disk_full)),
    Scenario("postgres-fsync", _one(postgres_faults.fsync_fails)),
    Scenario("postgres-locked", _one(partial(postgres_faults.locked, seconds=30))),
    Scenario("postgres-failover-synchronous", _one(failover_faults.synchronous)),
    Scenario(
        "postgres-failover-remote-apply",
        _one(partial(failover_faults.synchronous, setting="remote_apply")),
    ),
    Scenario(
        "postgres-failover-apart",
        _one(partial(failover_faults.synchronous, apart_s=failover_faults.APART_LONG_S)),
        waits=True,
    ),
    Scenario("postgres-failover-asynchronous", _one(failover_faults.asynchronous)),
    *_links(),
    *_clocks(),
    Scenario(
        "entries-three-times", _seeded(partial(entry_faults.published_three_times, late_s=0.3))
    ),
    Scenario(
        "entries-three-times-late", _seeded(partial(entry_faults.published_three_times, late_s=3))
    ),
    Scenario("entries-reordered", _seeded(entry_faults.reordered)),
    Scenario("entries-poison", _seeded(entry_faults.poisoned)),
    *_handler_bugs(),
    Scenario("upgrade-downwards", _one(partial(upgrade.rolling, order=upgrade.DOWNWARDS))),
    Scenario("upgrade-upwards", _one(partial(upgrade.rolling, order=upgrade.UPWARDS))),
    Scenario("streams-changed", _seeded(stream_count_changes.changed)),
    Scenario("streams-changed-ordered", _seeded(stream_count_changes.changed_beside_order)),
    Scenario("operator-killed", _one(operator_faults.killed_and_started)),
    Scenario("operator-backup", _one(operator_faults.restored_from_backup)),
    Scenario("backlog", _one(backlog.backlog)),
    Scenario("polling", _seeded(polling.polled_through_faults)),
    *_cluster(),
]
"""All of `make faults`."""

CORE = [
    *(
        Scenario(
            f"kill-{service}", _seeded(partial(killing.killed_at_random, service=service, kills=1))
        )
        for service in SERVICES
    ),
    Scenario("redis-flushall", _one(redis_faults.flushed)),
    Scenario("redis-rolled-back", _one(partial(redis_faults.rolled_back, seconds=1))),
    Scenario("redis-gone", _one(partial(redis_faults.gone, seconds=4))),
    Scenario("postgres-killed", _one(postgres_faults.postmaster_killed)),
    Scenario("postgres-connections", _one(partial(postgres_faults.connections_killed, times=2))),
    Scenario(
        "link-worker-redis-half-open",
        _one(
            partial(
                link_faults.engine_link, service="worker", engine="redis", state=State.HALF_OPEN
            )
        ),
    ),
    Scenario("entries-poison", _seeded(entry_faults.poisoned)),
]
"""Within `make test`: each kind once, and short."""
