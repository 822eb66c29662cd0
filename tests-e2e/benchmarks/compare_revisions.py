"""Compares the working tree with another revision; `make bench-compare BASE=main` runs it.

Builds both side by side, each with an environment of its own, starts a platform of each, and runs
the chosen workloads on both in alternation: first the one, then the other, and in the next round
the other way round. Each round gives the ratio of working tree to base; printed are the medians of
the rounds, and the sign interval of the ratio. Ratios hold on a machine that also does other work,
as far as it disturbs both runs of a round alike; the spread of a plain CPU loop, measured before
every run, shows how much it varied.

Slow figures never fail; lost messages end it with 1, a build or run that breaks with 2.
"""

import argparse
import asyncio
import json
import shlex
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, field
from pathlib import Path

import httpx
from comparison_table import BASE, NAMES, TREE, Comparison, show
from cpu_loop import cpu_loop_us
from failure import BenchmarkFailed
from interruption import end_like_ctrl_c
from platform_process import running_platform
from revisions import built, commit_of, working_tree_commit
from rich.console import Console
from surroundings import Surroundings, running_surroundings
from workload_run import PreparedWorkload, prepare
from workloads import WORKLOADS, Workload

_DEFAULT = ("full-rate", "rate-300")
_WARM_UP_S_MAX = 3.0
_ROUNDS_MIN = 1


@dataclass(frozen=True, slots=True)
class Bounds:
    """How long each run of a workload takes, how many rounds there are at most, and when the last
    one begins at the latest, on time.monotonic."""

    seconds: float
    rounds: int
    until_s: float
    drain_timeout_s: float


@dataclass(slots=True)
class Comparing:
    """Both commands, and what surrounds their platforms."""

    commands: dict[str, str]
    database: str
    folder: Path
    console: Console
    surroundings: Surroundings
    loop_us: list[float] = field(default_factory=list)

    async def compare(self, workload: Workload, bounds: Bounds) -> Comparison:
        """Run the workload on a new platform of each revision, in alternation."""
        comparison = Comparison(workload.name)
        async with AsyncExitStack() as running:
            prepared = {
                name: await self._prepare(running, workload, name, command)
                for name, command in self.commands.items()
            }
            for each in prepared.values():
                await each.run(min(_WARM_UP_S_MAX, bounds.seconds), bounds.drain_timeout_s)
            for number in range(bounds.rounds):
                if number >= _ROUNDS_MIN and time.monotonic() >= bounds.until_s:
                    self.console.print(f"{workload.name}: time is up after {number} round(s)")
                    break
                for name in NAMES if number % 2 == 0 else reversed(NAMES):
                    self.loop_us.append(cpu_loop_us())
                    run = await prepared[name].run(bounds.seconds, bounds.drain_timeout_s)
                    comparison.runs[name].append(run)
                self.console.print(comparison.progress(bounds.rounds))
        return comparison

    async def _prepare(
        self, running: AsyncExitStack, workload: Workload, name: str, command: str
    ) -> PreparedWorkload:
        folder = self.folder / f"{workload.name}-{name}"
        folder.mkdir()
        # As root, Postgres runs as another user, who must be able to enter.
        folder.chmod(0o711)
        settings = self.surroundings.settings(workload)
        platform = await running.enter_async_context(
            running_platform(command, self.database, folder, settings)
        )
        return await prepare(workload, platform, self.surroundings, command, folder)


async def compare(
    given: argparse.Namespace, commands: dict[str, str], folder: Path, console: Console
) -> tuple[list[Comparison], list[float]]:
    """All chosen workloads, and the times of the plain CPU loop."""
    comparisons: list[Comparison] = []
    ends_s = time.monotonic() + given.minutes * 60
    async with running_surroundings(folder) as surroundings:
        comparing = Comparing(commands, given.database, folder, console, surroundings)
        for number, name in enumerate(given.only):
            workload = WORKLOADS[name].small() if given.quick else WORKLOADS[name]
            console.print(f"{name}: {workload.about} …")
            now_s = time.monotonic()
            share_s = max(0.0, ends_s - now_s) / (len(given.only) - number)
            bounds = Bounds(given.seconds, given.rounds, now_s + share_s, given.drain_timeout)
            comparison = await comparing.compare(workload, bounds)
            show(comparison, console)
            comparisons.append(comparison)
    return comparisons, comparing.loop_us


def _workloads(text: str) -> tuple[str, ...]:
    chosen = tuple(WORKLOADS) if text == "all" else tuple(part.strip() for part in text.split(","))
    unknown = set(chosen) - set(WORKLOADS)
    if unknown:
        known = ", ".join(WORKLOADS)
        raise argparse.ArgumentTypeError(f"{', '.join(unknown)}: choose all, or of {known}")
    return chosen


def _arguments(arguments: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    add = parser.add_argument
    add("base", help="the revision to compare the working tree with, such as main")
    add("--only", type=_workloads, default=_DEFAULT, metavar="NAME,NAME", help=_help())
    add("--rounds", type=int, default=9, help="runs of each revision, at most (9)")
    add("--seconds", type=float, default=5.0, help="of each run (5)")
    add("--minutes", type=float, default=30.0, help="after which no further round begins (30)")
    add("--database", choices=("postgres", "sqlite"), default="postgres")
    add("--drain-timeout", type=float, default=120.0, help="s to wait for the last webhook (120)")
    add("--json", type=Path, metavar="FILE", help="write everything measured")
    add("--quick", action="store_true", help="small sizes, to try it out: not for figures")
    add(
        "--commands",
        nargs=2,
        metavar=("BASE", "TREE"),
        help="run these instead of building: angarium of two installations that are there",
    )
    if parser.parse_known_args(arguments)[0].quick:
        parser.set_defaults(rounds=2, seconds=1.0)
    return parser.parse_args(arguments)


def _help() -> str:
    return f"workloads, or all ({','.join(_DEFAULT)}): " + ", ".join(WORKLOADS)


def _compare_built(
    given: argparse.Namespace, folder: Path, console: Console
) -> tuple[list[Comparison], list[float]]:
    if given.commands:
        commands = dict(zip(NAMES, given.commands, strict=True))
        return asyncio.run(compare(given, commands, folder, console))
    commits = {BASE: commit_of(given.base), TREE: working_tree_commit()}
    console.print(f"building {given.base} ({commits[BASE][:10]}) and the working tree …")
    with built(commits) as programs:
        commands = {name: shlex.quote(str(program)) for name, program in programs.items()}
        return asyncio.run(compare(given, commands, folder, console))


def _spread(loop_us: Sequence[float]) -> str:
    middle = statistics.median(loop_us)
    low, high = min(loop_us) / middle, max(loop_us) / middle
    return (
        f"The plain CPU loop took {middle / 1e3:.2f} ms of CPU time, from {low:.2f} to"
        f" {high:.2f} of that: so much did the machine itself vary ({len(loop_us)} times)."
    )


def main(arguments: Sequence[str] | None = None) -> int:
    given = _arguments(arguments)
    console = Console()
    folder = Path(tempfile.mkdtemp(prefix="angarium-compare-"))
    folder.chmod(0o711)
    end_like_ctrl_c()
    try:
        comparisons, loop_us = _compare_built(given, folder, console)
    except (BenchmarkFailed, httpx.HTTPError) as error:
        print(f"bench-compare: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        return 130
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    console.print(_spread(loop_us))
    if given.json is not None:
        measured = {each.workload: each.as_dict() for each in comparisons}
        given.json.write_text(json.dumps({"cpu_loop_us": loop_us, **measured}, indent=2) + "\n")
    return 1 if any(comparison.lost for comparison in comparisons) else 0


if __name__ == "__main__":
    sys.exit(main())
