"""The scenarios about many endpoints: their options, their order, their part of the report."""

import argparse
from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Any

from fan_out import FanOutSize, fan_out
from flooding import FloodSize, flooding
from isolation import IsolationSize, isolation
from lasting_memory import MemorySize, lasting_memory
from many_endpoints import Behaviour
from policy_setting import Outcome, PolicySetting
from recovery import RecoverySize, recovery
from report import MEASURING
from rich.console import Console
from rich.table import Table

POLICY_SCENARIOS = ("fan-out", "isolation", "recovery", "tenants", "memory")
_DOWN = (Behaviour.REFUSED, Behaviour.BUSY)
_RETRY_SCHEDULE = "2s,5s,10s,20s,30s,30s,30s,30s"

QUICK = {
    "fan_out_endpoints": 100,
    "fan_out_messages": 50,
    "isolation_endpoints": 20,
    "hanging_messages": 2_000,
    "quiet_rate": 100.0,
    "isolation_seconds": 5.0,
    "calm_seconds": 0.0,
    "recovery_endpoints": 100,
    "recovery_rate": 100.0,
    "steady_seconds": 5.0,
    "down_seconds": 5.0,
    "half_seconds": 3.0,
    "after_seconds": 8.0,
    "tenants_seconds": 5.0,
    "memory_requests": 10_000,
    "memory_part": 2_000,
}
"""Defaults of a quick run: for trying it out, not for figures."""


def add_options(parser: argparse.ArgumentParser) -> None:
    """The sizes of the scenarios; each default in brackets."""
    add = parser.add_argument
    add("--fan-out-endpoints", type=int, default=1_000, help="of one application (1000)")
    add("--fan-out-messages", type=int, default=160, help="to each endpoint (160)")
    add("--isolation-endpoints", type=int, default=100, help="quiet, and as many hang (100)")
    add("--hanging-messages", type=int, default=100_000, help="wait for the hanging (100000)")
    add("--quiet-rate", type=float, default=200.0, help="to the quiet ones, per s (200)")
    add("--isolation-seconds", type=float, default=30.0, help="alone, and beside (30)")
    add("--calm-seconds", type=float, default=75.0, help="from the backlog to beside it (75)")
    add("--recovery-endpoints", type=int, default=1_000, help="that go down together (1000)")
    add("--recovery-rate", type=float, default=300.0, help="to all of them, per s (300)")
    add("--steady-seconds", type=float, default=10.0, help="before they go down (10)")
    add("--down-seconds", type=float, default=20.0, help="during which none answers (20)")
    add("--half-seconds", type=float, default=10.0, help="with 503 to every other request (10)")
    add("--after-seconds", type=float, default=30.0, help="of load once they are up (30)")
    add("--tenants-seconds", type=float, default=30.0, help="alone, and beside the flood (30)")
    add("--memory-requests", type=int, default=1_000_000, help="of memory (1000000)")
    add("--memory-part", type=int, default=100_000, help="to a reading of memory (100000)")
    add(
        "--down",
        type=Behaviour,
        choices=_DOWN,
        nargs="+",
        default=[Behaviour.REFUSED],
        help="how they are down: a run of recovery for each (refused)",
    )
    add("--recovery-retries", default=_RETRY_SCHEDULE, help=f"schedule ({_RETRY_SCHEDULE})")


async def measure_policy(
    given: argparse.Namespace, folder: Path, console: Console
) -> list[Outcome]:
    """Run those that were chosen, each on a platform of its own, and show what each measured."""
    outcomes = []
    for number, (name, scenario) in enumerate(_chosen(given)):
        console.print(f"{name} …")
        own = folder / f"policy-{number}"
        own.mkdir()
        # As for the folder above: Postgres's user must be able to enter.
        own.chmod(0o711)
        setting = PolicySetting(
            angarium=given.angarium,
            database=given.database,
            folder=own,
            connections=given.connections,
            body_bytes=given.body_bytes,
            drain_timeout_s=given.drain_timeout,
        )
        outcomes.append(await scenario(setting))
        _show(outcomes[-1], console)
    return outcomes


_Scenario = Callable[[PolicySetting], Awaitable[Outcome]]


def _chosen(given: argparse.Namespace) -> list[tuple[str, _Scenario]]:
    chosen: list[tuple[str, _Scenario]] = []
    if "fan-out" in given.only:
        fanned = FanOutSize(given.fan_out_endpoints, given.fan_out_messages)
        chosen.append(("fan-out", partial(fan_out, size=fanned)))
    if "isolation" in given.only:
        isolated = IsolationSize(
            endpoints=given.isolation_endpoints,
            waiting=given.hanging_messages,
            quiet_rate=given.quiet_rate,
            seconds=given.isolation_seconds,
            calm_s=given.calm_seconds,
        )
        chosen.append(("isolation", partial(isolation, size=isolated)))
    if "tenants" in given.only:
        flood = FloodSize(given.quiet_rate, given.tenants_seconds)
        chosen.append(("tenants", partial(flooding, size=flood)))
    if "memory" in given.only:
        lasting = MemorySize(given.memory_requests, given.memory_part)
        chosen.append(("memory", partial(lasting_memory, size=lasting)))
    for down in given.down if "recovery" in given.only else ():
        size = _recovery_size(given, down)
        chosen.append((f"recovery ({down})", partial(recovery, size=size)))
    return chosen


def _recovery_size(given: argparse.Namespace, down: Behaviour) -> RecoverySize:
    return RecoverySize(
        endpoints=given.recovery_endpoints,
        rate=given.recovery_rate,
        steady_s=given.steady_seconds,
        down_s=given.down_seconds,
        half_s=given.half_seconds,
        after_s=given.after_seconds,
        down=down,
        retry_schedule=given.recovery_retries,
    )


def _show(outcome: Outcome, console: Console) -> None:
    """Print its figures, what each process cost, and its accounts."""
    table = Table(outcome.name, "value", "budget")
    for figure in outcome.figures:
        table.add_row(figure.name, _text(figure.value), figure.budget)
    console.print(table)
    shares = sorted(outcome.cost.cpu_s, key=outcome.cost.share, reverse=True)
    text = ", ".join(f"{name} {outcome.cost.share(name):.0%}" for name in shares)
    measuring = sum(outcome.cost.share(name) for name in shares if name.startswith(MEASURING))
    console.print(f"CPU: {text}; load generator and receivers together {measuring:.0%}")
    memory = outcome.cost.memory_bytes_max
    console.print(
        "peak memory MB: " + ", ".join(f"{name} {memory[name] / 1e6:.0f}" for name in memory)
    )
    for name, account in outcome.accounts.items():
        console.print(f"{name}: {account}")
    for fault in outcome.faults:
        console.print(f"does not add up: {fault}")
    if outcome.refused:
        console.print(f"refused {outcome.refused}")


def _text(value: float | None) -> str:
    if value is None:
        return "–"
    return f"{value:,.3g}" if 0 < abs(value) < 100 else f"{value:,.0f}"


def as_dict(outcomes: list[Outcome]) -> dict[str, Any]:
    """For the JSON report, by the scenario's name."""
    return {outcome.name: outcome.as_dict() for outcome in outcomes}
