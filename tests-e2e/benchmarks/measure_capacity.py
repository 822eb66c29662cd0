"""Measures what a message costs, and checks predictions: `make bench-capacity` runs it.

Runs of many workloads give the costs; each workload is also predicted from the runs of the others,
and compared. Everything is counted, nothing is timed: a busy machine makes it slower, and CPU time
somewhat dearer. Writes capacity_measures.json, which the page is made of (`capacity.py --write`).
"""

import argparse
import asyncio
import datetime
import shlex
import shutil
import sys
import tempfile
from pathlib import Path

import httpx
from capacity_measures import ERROR_MAX, FILE, MeasuredRun, Measures, write
from capacity_runs import WORKLOADS, in_alternation, measuring
from failure import BenchmarkFailed
from report import machine
from rich.console import Console
from rich.table import Table


async def measure(given: argparse.Namespace, folder: Path, console: Console) -> Measures:
    """All runs, one after the other."""
    async with measuring(given.angarium, folder) as platform:
        console.print("idle …")
        idle_per_s = await platform.idle()
        runs: list[MeasuredRun] = []
        for workload in in_alternation(WORKLOADS, given.repeat):
            run = await platform.run(workload)
            runs.append(MeasuredRun.of(run))
            spent = sum(v for name, v in run.costs.items() if name in _OWN)
            console.print(f"{workload}: {run.messages} messages, {spent:.3f} ms of our CPU")
        return Measures(
            date=datetime.datetime.now(datetime.UTC).date().isoformat(),
            machine=machine(),
            idle_per_s={name: float(f"{value:.4g}") for name, value in idle_per_s.items()},
            connections=await platform.connections(),
            runs=runs,
        )


_OWN = frozenset({"cpu ms gateway", "cpu ms dispatcher", "cpu ms worker"})


def show_checks(measures: Measures, console: Console) -> int:
    """Print each prediction's error; gives how many are beyond `ERROR_MAX`."""
    counters = list(dict.fromkeys(each.counter for each in measures.checks()))
    table = Table("error of the prediction", *counters)
    beyond = 0
    by_workload: dict[str, dict[str, float]] = {}
    for each in measures.checks():
        by_workload.setdefault(str(each.workload), {})[each.counter] = each.error
        beyond += abs(each.error) > ERROR_MAX
    for name, errors in by_workload.items():
        table.add_row(name, *(f"{errors[counter]:+.0%}" for counter in counters))
    console.print(table)
    console.print(f"{beyond} of {len(measures.checks())} beyond {ERROR_MAX * 100:.0f} %")
    return beyond


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    here = shlex.quote(str(Path(sys.executable).with_name("angarium")))
    parser.add_argument("--angarium", default=here, help="the command that runs angarium")
    parser.add_argument("--repeat", type=int, default=2, help="each workload so often (2)")
    parser.add_argument("--out", type=Path, default=FILE)
    return parser.parse_args()


def main() -> int:
    given = _arguments()
    console = Console(width=160)
    folder = Path(tempfile.mkdtemp(prefix="angarium-capacity-"))
    # As root, Postgres runs as another user, who must be able to enter.
    folder.chmod(0o711)
    try:
        measures = asyncio.run(measure(given, folder, console))
    except (BenchmarkFailed, httpx.HTTPError) as error:
        print(f"measure_capacity: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    write(measures, given.out)
    show_checks(measures, console)
    return 0


if __name__ == "__main__":
    sys.exit(main())
