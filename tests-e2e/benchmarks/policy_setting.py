"""What the scenarios about many endpoints share: their setting, their loads, their outcome."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from arrival_measures import Account
from endpoint_receiver import EndpointReceiver, running_endpoints
from platform_process import Platform, running_platform
from resources import cpu_between, cpu_seconds, sampled_memory
from scenarios import OUR_PROCESSES
from tools import Accepted, run_load


@dataclass(frozen=True, slots=True)
class PolicySetting:
    """How a scenario starts its platform and its loads; `folder` exists and is its own."""

    angarium: str
    database: str
    folder: Path
    connections: int
    body_bytes: int
    drain_timeout_s: float


@dataclass(slots=True)
class Cost:
    """CPU time and peak memory by process."""

    cpu_s: dict[str, float] = field(default_factory=dict)
    memory_bytes_max: dict[str, int] = field(default_factory=dict)

    @property
    def own_cpu_s(self) -> float:
        """Of the platform's own processes, without the engines."""
        return sum(self.cpu_s.get(name, 0.0) for name in OUR_PROCESSES)

    def share(self, name: str) -> float:
        """The process's share of all CPU time that was used."""
        total = sum(self.cpu_s.values())
        return self.cpu_s.get(name, 0.0) / total if total else 0.0


@dataclass(frozen=True, slots=True)
class Figure:
    """A line of the report; None: it could not be measured."""

    name: str
    value: float | None
    budget: str = ""


@dataclass(slots=True)
class Outcome:
    """What a scenario measured; `faults` tell what does not add up beside its accounts."""

    name: str
    figures: list[Figure]
    accounts: dict[str, Account]
    cost: Cost
    faults: list[str] = field(default_factory=list)
    refused: dict[str, int] = field(default_factory=dict)

    @property
    def adds_up(self) -> bool:
        return not self.faults and all(account.adds_up for account in self.accounts.values())

    def as_dict(self) -> dict[str, Any]:
        counts = ("expected", "delivered", "lost", "duplicates", "stray", "unacknowledged")
        return {
            "figures": {figure.name: figure.value for figure in self.figures},
            "accounts": {
                name: {count: getattr(account, count) for count in (*counts, "unaccounted")}
                for name, account in self.accounts.items()
            },
            "faults": self.faults,
            "refused": self.refused,
            "cost": asdict(self.cost),
        }


class Bench:
    """A running platform with its receivers, and the CPU time and memory of all of them."""

    def __init__(
        self, setting: PolicySetting, platform: Platform, receivers: Sequence[EndpointReceiver]
    ) -> None:
        self.setting = setting
        self.platform = platform
        self.receivers = receivers
        self.refused: dict[str, int] = {}
        self._pids = platform.pids | {
            "receiver" if number == 0 else f"receiver {number + 1}": receiver.pid
            for number, receiver in enumerate(receivers)
        }

    async def post(
        self,
        paths: Sequence[str],
        seconds: float,
        *,
        rate: float | None = None,
        count: int | None = None,
        cost: Cost | None = None,
    ) -> list[Accepted]:
        """Post to the paths in turn; gives the accepted messages. What else was answered is kept
        in `refused`, the load generator's own share in `cost`."""
        summary, accepted = await run_load(
            self.platform.url,
            paths,
            self.platform.key,
            seconds=seconds,
            connections=self.setting.connections,
            body_bytes=self.setting.body_bytes,
            folder=self.setting.folder,
            rate=rate,
            count=count,
        )
        unanswered = summary["without_answer"] + summary["unanswered"] + summary["unsent"]
        for status, times in {**summary["refused"], "unanswered": unanswered}.items():
            if times:
                self.refused[status] = self.refused.get(status, 0) + times
        if cost is not None:
            used = cost.cpu_s.get("load generator", 0.0) + summary["cpu_s"]
            cost.cpu_s["load generator"] = used
        return accepted

    @asynccontextmanager
    async def measured(self) -> AsyncIterator[Cost]:
        """Filled at the end of the block with what it cost all processes."""
        cost = Cost()
        async with sampled_memory(self._pids) as memory:
            before = cpu_seconds(self._pids)
            yield cost
            cost.cpu_s |= cpu_between(before, cpu_seconds(self._pids))
        cost.memory_bytes_max |= memory.bytes_max


@asynccontextmanager
async def running_bench(
    setting: PolicySetting, receivers: int, settings: Mapping[str, str] | None = None
) -> AsyncIterator[Bench]:
    """A platform of its own, so that no scenario finds what another left waiting."""
    async with AsyncExitStack() as stack:
        running = [await stack.enter_async_context(running_endpoints()) for _ in range(receivers)]
        platform = await stack.enter_async_context(
            running_platform(setting.angarium, setting.database, setting.folder, settings)
        )
        yield Bench(setting, platform, running)
