"""How fast the whole platform is on this machine; `make bench` runs it.

Starts `angarium dev` in a folder of its own, a receiver and a load generator, and prints the
throughput and the CPU time of a message beside yardsticks that alternate with it, and latencies;
then, each on a platform of its own, what many endpoints get: all of them, beside hanging ones, and
after an outage; what a tenant gets beside one that floods; and, if it is named, memory over a
million requests, and workloads (see workloads.py). Slow numbers never fail; lost or duplicated
messages end it with 1, a broken run with 2.
"""

import argparse
import asyncio
import json
import shlex
import shutil
import sys
import tempfile
from pathlib import Path
from typing import Any

import httpx
from batches import measure_batches
from cpu_loop import cpu_loop_us
from failure import BenchmarkFailed
from interruption import end_like_ctrl_c
from listening import measure_listening
from measure_workloads import (
    MeasuredWorkload,
    WorkloadSetting,
    measure_workloads,
    workload_table,
)
from pages import measure_pages
from platform_process import running_platform
from policy_scenarios import (
    POLICY_SCENARIOS,
    QUICK,
    add_options,
    as_dict,
    measure_policy,
)
from report import Report, show
from rich.console import Console
from scenarios import Setting, deliver
from sender_rates import Measured, compare, medians, table
from tools import run_yardstick, running_receiver
from workloads import WORKLOADS, Workload

_PLATFORM_SCENARIOS = ("yardstick", "throughput", "latency")
SCENARIOS = (
    "sender",
    *_PLATFORM_SCENARIOS,
    "batches",
    "listening",
    "console",
    *POLICY_SCENARIOS,
    *WORKLOADS,
)
# A million requests take minutes, pages need a browser, and there are many workloads: such run only
# when they are named.
_BY_DEFAULT = tuple(
    name for name in SCENARIOS if name not in {"memory", "console", "listening", *WORKLOADS}
)
_QUICK = {"seconds": 2.0, "repeat": 2, "latency_seconds": 3.0, **QUICK}
_WARM_UP_S = 3.0
_YARDSTICK_S_MAX = 10.0
_SENDER_S_MAX = 5.0
_BATCHES_S_MAX = 5.0
_BATCHES_REPEATS_MIN = 3
_SENDER_REPEATS_MIN = 3
_LISTENING_S_MAX = 6.0
_LISTENING_REPEATS_MIN = 3


async def measure(given: argparse.Namespace, folder: Path, console: Console) -> Report:
    """Run the chosen scenarios; yardstick and throughput alternate, so that both see the same
    machine when its speed drifts."""
    report = Report(database=given.database)
    async with (
        running_receiver() as receiver,
        running_platform(given.angarium, given.database, folder) as platform,
    ):
        setting = Setting(
            platform=platform,
            receiver=receiver,
            messages_path=await platform.new_application(f"{receiver.url}/ok"),
            folder=folder,
            connections=given.connections,
            body_bytes=given.body_bytes,
            drain_timeout_s=given.drain_timeout,
        )
        console.print("warming up …")
        report.warm_up.append(await deliver(setting, min(_WARM_UP_S, given.seconds)))
        for number in range(1, given.repeat + 1):
            if "yardstick" in given.only:
                console.print(f"yardstick {number}/{given.repeat} …")
                yardstick = await run_yardstick(
                    f"{receiver.url}/ok",
                    seconds=min(_YARDSTICK_S_MAX, given.seconds),
                    connections=given.connections,
                    body_bytes=given.body_bytes,
                )
                report.yardsticks.append(yardstick)
            if "throughput" in given.only:
                console.print(f"throughput {number}/{given.repeat} …")
                report.loop_us.append(cpu_loop_us())
                report.throughputs.append(await deliver(setting, given.seconds))
        if "latency" in given.only:
            console.print(f"latency at {given.rate:g}/s …")
            report.latencies.append(await deliver(setting, given.latency_seconds, given.rate))
    return report


async def measure_sender(given: argparse.Namespace, console: Console) -> dict[str, list[Measured]]:
    """The sender alone beside other clients; needs no platform."""
    console.print("sender, aiohttp, httpx …")
    return await compare(
        max(given.repeat, _SENDER_REPEATS_MIN),
        min(given.seconds, _SENDER_S_MAX),
        given.connections,
        given.body_bytes,
    )


async def _measure_workloads(
    given: argparse.Namespace, workloads: list[Workload], folder: Path, console: Console
) -> list[MeasuredWorkload]:
    setting = WorkloadSetting(
        angarium=given.angarium,
        database=given.database,
        folder=folder,
        seconds=given.seconds,
        repeat=given.repeat,
        drain_timeout_s=given.drain_timeout,
    )
    chosen = [workload.small() if given.quick else workload for workload in workloads]
    return await measure_workloads(setting, chosen, console)


def _scenarios(text: str) -> tuple[str, ...]:
    named = (part.strip() for part in text.split(","))
    chosen = tuple(
        name for part in named for name in (WORKLOADS if part == "workloads" else (part,))
    )
    unknown = set(chosen) - set(SCENARIOS)
    if unknown:
        raise argparse.ArgumentTypeError(
            f"{', '.join(unknown)}: choose of workloads, {', '.join(SCENARIOS)}"
        )
    return chosen


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = shlex.quote(str(Path(sys.executable).with_name("angarium")))
    parser.add_argument("--angarium", default=here, help="the command that runs angarium")
    parser.add_argument("--database", choices=("postgres", "sqlite"), default="postgres")
    parser.add_argument("--seconds", type=float, default=6.0, help="of throughput (6)")
    parser.add_argument("--rate", type=float, default=300.0, help="for the latency, per s (300)")
    parser.add_argument("--latency-seconds", type=float, default=20.0, help="of latency (20)")
    parser.add_argument("--connections", type=int, default=64)
    parser.add_argument("--body-bytes", type=int, default=1024)
    parser.add_argument(
        "--drain-timeout", type=float, default=120.0, help="s to wait for the last webhook (120)"
    )
    parser.add_argument("--only", type=_scenarios, default=_BY_DEFAULT, metavar="NAME,NAME")
    parser.add_argument(
        "--repeat", type=int, default=5, help="alternations of yardstick and throughput (5)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything measured")
    parser.add_argument("--quick", action="store_true", help="small sizes, to try it out")
    add_options(parser)
    if parser.parse_known_args()[0].quick:
        parser.set_defaults(**_QUICK)
    return parser.parse_args()


def _write(path: Path | None, measured: dict[str, Any]) -> None:
    if path is not None:
        path.write_text(json.dumps(measured, indent=2) + "\n")


def _measure_and_show(
    given: argparse.Namespace, folder: Path, console: Console
) -> tuple[bool, dict[str, Any]]:
    """Whether every ledger adds up, and everything measured."""
    measured: dict[str, Any] = {}
    adds_up = True
    if "sender" in given.only:
        clients = asyncio.run(measure_sender(given, console))
        console.print(table(clients))
        measured["sender"] = medians(clients)
    if set(_PLATFORM_SCENARIOS) & set(given.only):
        report = asyncio.run(measure(given, folder, console))
        show(report, console)
        measured |= report.as_dict()
        adds_up = not (report.lost or report.duplicates)
    if "batches" in given.only:
        rates = asyncio.run(
            measure_batches(
                given.angarium,
                given.database,
                folder,
                seconds=min(_BATCHES_S_MAX, given.seconds),
                repeat=max(given.repeat, _BATCHES_REPEATS_MIN),
                connections=given.connections,
                body_bytes=given.body_bytes,
            )
        )
        console.print(rates.table())
        measured["batches"] = rates.as_dict()
    if "listening" in given.only:
        listening = asyncio.run(
            measure_listening(
                given.angarium,
                given.database,
                folder,
                seconds=min(_LISTENING_S_MAX, given.seconds),
                repeat=max(given.repeat, _LISTENING_REPEATS_MIN),
                connections=given.connections,
                body_bytes=given.body_bytes,
                drain_timeout_s=given.drain_timeout,
            )
        )
        console.print(listening.table())
        measured["listening"] = listening.as_dict()
    if "console" in given.only:
        pages = asyncio.run(measure_pages(given.angarium, given.database, folder))
        console.print(pages.table())
        measured["console"] = pages.as_dict()
    if workloads := [WORKLOADS[name] for name in given.only if name in WORKLOADS]:
        runs = asyncio.run(_measure_workloads(given, workloads, folder, console))
        console.print(workload_table(runs))
        measured["workloads"] = {each.workload.name: each.as_dict() for each in runs}
        adds_up = adds_up and all(each.adds_up for each in runs)
    if set(POLICY_SCENARIOS) & set(given.only):
        outcomes = asyncio.run(measure_policy(given, folder, console))
        measured["policy"] = as_dict(outcomes)
        adds_up = adds_up and all(outcome.adds_up for outcome in outcomes)
    return adds_up, measured


def main() -> int:
    given = _arguments()
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="angarium-bench-"))
    # As root, Postgres runs as another user, who must be able to enter.
    folder.chmod(0o711)
    end_like_ctrl_c()
    try:
        adds_up, measured = _measure_and_show(given, folder, console)
    except (BenchmarkFailed, httpx.HTTPError) as error:
        print(f"bench: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _write(given.json, measured)
    return 0 if adds_up else 1


if __name__ == "__main__":
    sys.exit(main())
