"""The needs of a rate of messages, the part that is used up first, and the cost of a month.

Processes, cores and bytes follow from measured `Costs`. Limits of a server (`Limits`) are
assumptions: give those of yours.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import ceil

from capacity_costs import Costs, Workload

RATES = (1_000, 10_000, 100_000, 1_000_000)
SERVICES = ("gateway", "dispatcher", "worker")
DATABASES = ("gateway", "worker")
"""The databases that messages are written to; the dispatcher's has configuration only."""
REPLICAS_MIN = 2
REQUEST_HEAD_BYTES = 450
"""Of a webhook's request beside its payload: request line and headers, rounded."""
DAY_S = 86_400
MONTH_DAYS = 30


@dataclass(frozen=True, slots=True)
class Limits:
    """The capacity of one server. Of a core, `use` is planned for; the rest is for peaks."""

    use: float = 0.6
    postgres_cores: int = 32
    postgres_wal_mb_per_s: float = 300.0
    postgres_tb: float = 20.0
    postgres_connections: int = 1_000
    redis_mb_per_s: float = 1_000.0
    connections_per_process: int = 8
    retention_days: int = 90


@dataclass(frozen=True, slots=True)
class Shared:
    """Something of which there is one: how much of it a rate uses, and the rate that uses it up."""

    name: str
    needed: float
    limit: float
    unit: str
    exhausted_per_s: float

    @property
    def used(self) -> float:
        """The share that is used, above 1 where it does not suffice."""
        return self.needed / self.limit


@dataclass(frozen=True, slots=True)
class Needs:
    """The needs of a workload at `rate` messages a second."""

    workload: Workload
    rate: int
    processes: Mapping[str, int]
    cores: Mapping[str, float]
    """By service, by database ("gateway's Postgres") and "Redis"; busy, not provisioned."""
    shared: Sequence[Shared]
    stored_tb_per_month: float
    wal_tb_per_month: float
    sent_tb_per_month: float

    cores_provisioned: int
    """Cores to pay for: each process has one, engines have room for peaks."""

    @property
    def first(self) -> Shared:
        """The part that is used up first."""
        return min(self.shared, key=lambda each: each.exhausted_per_s)


def needs(costs: Costs, workload: Workload, rate: int, limits: Limits | None = None) -> Needs:
    """The needs of this rate."""
    limits = limits or Limits()
    cores = {name: rate * cost / 1_000 for name, cost in cpu_ms(costs, workload).items()}
    processes = {
        service: max(REPLICAS_MIN, ceil(cores[service] / limits.use)) for service in SERVICES
    }
    stored = {name: costs.of(f"{name} stored bytes", workload) for name in DATABASES}
    wal = {name: costs.of(f"{name} wal bytes", workload) for name in DATABASES}
    month_s = DAY_S * MONTH_DAYS
    sent = workload.attempts * (workload.payload_kib * 1_024 + REQUEST_HEAD_BYTES)
    engines = sum(ceil(busy / limits.use) for name, busy in cores.items() if name not in SERVICES)
    return Needs(
        workload,
        rate,
        processes,
        cores,
        _shared(costs, workload, rate, limits),
        stored_tb_per_month=rate * month_s * sum(stored.values()) / 1e12,
        wal_tb_per_month=rate * month_s * sum(wal.values()) / 1e12,
        sent_tb_per_month=rate * month_s * sent / 1e12,
        cores_provisioned=sum(processes.values()) + engines,
    )


def cpu_ms(costs: Costs, workload: Workload) -> dict[str, float]:
    """CPU time of a message by service, by database and of Redis.

    What Postgres does beside its connections (writing, vacuum) is divided by what they log.
    """
    used = {service: costs.of(f"cpu ms {service}", workload) for service in SERVICES}
    backends = {name: costs.of(f"cpu ms {name}'s postgres", workload) for name in DATABASES}
    beside = max(0.0, costs.of("cpu ms postgres", workload) - sum(backends.values()))
    wal = {name: costs.of(f"{name} wal bytes", workload) for name in DATABASES}
    for name in DATABASES:
        share = wal[name] / sum(wal.values()) if any(wal.values()) else 1 / len(DATABASES)
        used[f"{name}'s Postgres"] = backends[name] + beside * share
    used["Redis"] = costs.of("cpu ms valkey", workload)
    return used


def _shared(costs: Costs, workload: Workload, rate: int, limits: Limits) -> list[Shared]:
    """Everything of which there is one, by what one message takes of it."""
    cpu = cpu_ms(costs, workload)
    cores = limits.postgres_cores * limits.use
    rows: list[tuple[str, float, float, str]] = []
    for name in DATABASES:
        stored = costs.of(f"{name} stored bytes", workload)
        kept_tb = stored * DAY_S * limits.retention_days / 1e12
        processes = cpu[name] / 1_000 / limits.use
        rows += [
            (f"{name}'s Postgres: CPU", cpu[f"{name}'s Postgres"] / 1_000, cores, "cores"),
            (
                f"{name}'s Postgres: log",
                costs.of(f"{name} wal bytes", workload) / 1e6,
                limits.postgres_wal_mb_per_s,
                "MB/s",
            ),
            (
                f"{name}'s Postgres: disk",
                kept_tb,
                limits.postgres_tb,
                "TB",
            ),
            (
                f"{name}'s Postgres: connections",
                processes * limits.connections_per_process,
                float(limits.postgres_connections),
                "",
            ),
        ]
    rows += [
        ("Redis: its one thread", cpu["Redis"] / 1_000, limits.use, "cores"),
        (
            "Redis: network",
            max(costs.of(f"redis bytes {way}", workload) for way in ("in", "out")) / 1e6,
            limits.redis_mb_per_s,
            "MB/s",
        ),
    ]
    return [
        Shared(name, each * rate, limit, unit, limit / each if each else float("inf"))
        for name, each, limit, unit in rows
    ]
