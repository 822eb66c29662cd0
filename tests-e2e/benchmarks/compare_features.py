"""The cost of using the features of messages and endpoints; `make bench-features` measures it.

Starts two platforms, one for the workload `full-rate` and one for `features` (see workloads.py),
both with as many applications, and runs both in alternation: first the one, then the other, and in
the next round the other way round. Prints the medians of the rounds, and the ratio of each figure
with its sign interval. Every message has one delivery in both; one that is polled is delivered when
the poller has it. Payloads of thin events are not fetched, and nothing is searched. Slow figures
never fail; lost messages end it with 1.
"""

import argparse
import asyncio
import shlex
import statistics
import sys
import tempfile
from contextlib import AsyncExitStack
from dataclasses import replace
from pathlib import Path

from comparison_table import FIGURES
from failure import BenchmarkFailed
from interruption import end_like_ctrl_c
from paired_ratios import interval, ratios
from platform_process import running_platform
from rich.console import Console
from rich.table import Table
from surroundings import running_surroundings
from workload_run import WorkloadRun, prepare
from workloads import WORKLOADS

NAMES = ("full-rate", "features")
COMPARED = {
    "full-rate": replace(WORKLOADS["full-rate"], applications=WORKLOADS["features"].applications),
    "features": WORKLOADS["features"],
}
DRAIN_S = 60.0


async def measure(given: argparse.Namespace, folder: Path) -> dict[str, list[WorkloadRun]]:
    """The runs of both workloads, in pairs."""
    runs: dict[str, list[WorkloadRun]] = {name: [] for name in NAMES}
    command = shlex.quote(str(Path(sys.executable).with_name("angarium")))
    async with running_surroundings(folder) as surroundings, AsyncExitStack() as running:
        prepared = {}
        for name in NAMES:
            own = folder / name
            own.mkdir()
            # As root, Postgres runs as another user, who must be able to enter.
            own.chmod(0o711)
            settings = surroundings.settings(COMPARED[name])
            platform = await running.enter_async_context(
                running_platform(command, "postgres", own, settings)
            )
            prepared[name] = await prepare(COMPARED[name], platform, surroundings, command, own)
            await prepared[name].run(min(3.0, given.seconds), DRAIN_S)
        for number in range(given.rounds):
            for name in NAMES if number % 2 == 0 else reversed(NAMES):
                runs[name].append(await prepared[name].run(given.seconds, DRAIN_S))
    return runs


def show(runs: dict[str, list[WorkloadRun]], console: Console) -> None:
    """Print the medians and the ratios."""
    table = Table("", *NAMES, "ratio", "interval")
    for title, figure in FIGURES.items():
        plain, used = ([figure(run) for run in runs[name]] for name in NAMES)
        pairs = ratios(used, plain)
        if not pairs:
            continue
        found = interval(pairs)
        table.add_row(
            title,
            f"{statistics.median(plain):,.1f}",
            f"{statistics.median(used):,.1f}",
            f"{found.median:.3f}",
            f"{found.low:.3f} to {found.high:.3f} ({found.coverage:.0%})",
        )
    console.print(table)


def main() -> int:
    """Measure, and say whether everything arrived."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=7, help="runs of each workload (7)")
    parser.add_argument("--seconds", type=float, default=5.0, help="of each run (5)")
    given = parser.parse_args()
    console = Console()
    end_like_ctrl_c()
    try:
        with tempfile.TemporaryDirectory() as folder:
            Path(folder).chmod(0o711)
            runs = asyncio.run(measure(given, Path(folder)))
    except BenchmarkFailed as error:
        console.print(f"failed: {error}")
        return 2
    show(runs, console)
    used = runs["features"]
    console.print(
        f"{sum(run.polled for run in used):,} messages were polled, and"
        f" {sum(run.event_bytes for run in used) / 1e6:,.1f} MB of events were listened to"
    )
    lost = sum(run.lost for each in runs.values() for run in each)
    console.print(f"{lost} messages were lost")
    return 1 if lost else 0


if __name__ == "__main__":
    sys.exit(main())
