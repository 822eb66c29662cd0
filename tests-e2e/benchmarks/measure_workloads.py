"""The workloads by themselves: what each of them costs, and how fast it is."""

import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from cpu_loop import ROUNDS, cpu_loop_us
from platform_process import running_platform
from rich.console import Console
from rich.table import Table
from scenarios import OUR_PROCESSES
from surroundings import running_surroundings
from workload_run import WorkloadRun, prepare
from workloads import Workload

_WARM_UP_S_MAX = 3.0


@dataclass(frozen=True, slots=True)
class WorkloadSetting:
    """How each workload is run: `repeat` times for `seconds`, after a shorter run to warm up."""

    angarium: str
    database: str
    folder: Path
    seconds: float
    repeat: int
    drain_timeout_s: float


@dataclass(slots=True)
class MeasuredWorkload:
    """All runs of a workload; the first one warmed up, and is in no figure but the counts. Of each
    of the others, `loop_us` is what the plain CPU loop took before it."""

    workload: Workload
    warm_up: WorkloadRun
    runs: list[WorkloadRun]
    loop_us: list[float]

    @property
    def adds_up(self) -> bool:
        """True if nothing was lost, duplicated or sent to a wrong endpoint."""
        return not any(run.lost or run.duplicates or run.strange for run in self._all)

    @property
    def _all(self) -> list[WorkloadRun]:
        return [self.warm_up, *self.runs]

    def count(self, name: str) -> int:
        """The sum of a count over all runs."""
        return sum(getattr(run, name) for run in self._all)

    def cpu_us(self, *processes: str) -> float:
        """CPU time of these processes for each delivery: the median."""
        return statistics.median(run.cpu_us(*processes) for run in self.runs)

    @property
    def loop_rounds(self) -> float:
        """CPU time of our processes for each delivery, in rounds of the plain loop: the median."""
        pairs = zip(self.runs, self.loop_us, strict=True)
        return statistics.median(run.own_cpu_us / (loop / ROUNDS) for run, loop in pairs)

    def as_dict(self) -> dict[str, object]:
        return {
            "runs": [run.as_dict() for run in self.runs],
            "cpu_loop_us": self.loop_us,
            "own_cpu_loop_rounds": self.loop_rounds,
            "lost": self.count("lost"),
            "duplicates": self.count("duplicates"),
            "strange": self.count("strange"),
        }


async def measure_workloads(
    setting: WorkloadSetting, workloads: Sequence[Workload], console: Console
) -> list[MeasuredWorkload]:
    """Run each on a platform of its own."""
    measured = []
    for workload in workloads:
        console.print(f"{workload.name}: {workload.about} …")
        measured.append(await _measure(setting, workload))
    return measured


async def _measure(setting: WorkloadSetting, workload: Workload) -> MeasuredWorkload:
    folder = setting.folder / workload.name
    folder.mkdir()
    # As root, Postgres runs as another user, who must be able to enter.
    folder.chmod(0o711)
    async with (
        running_surroundings(folder) as surroundings,
        running_platform(
            setting.angarium, setting.database, folder, surroundings.settings(workload)
        ) as platform,
    ):
        prepared = await prepare(workload, platform, surroundings, setting.angarium, folder)
        warm_up = await prepared.run(min(_WARM_UP_S_MAX, setting.seconds), setting.drain_timeout_s)
        runs, loop_us = [], []
        for _ in range(setting.repeat):
            loop_us.append(cpu_loop_us())
            runs.append(await prepared.run(setting.seconds, setting.drain_timeout_s))
    return MeasuredWorkload(workload, warm_up, runs, loop_us)


def workload_table(measured: Sequence[MeasuredWorkload]) -> Table:
    """Medians of each workload; counts of all its runs."""
    table = Table("workload", "deliveries/s", "p50 ms", "p99 ms", title="workloads")
    for name in ("ours", "gateway", "dispatcher", "worker", "postgres", "valkey", "rounds"):
        table.add_column(name, justify="right")
    table.add_column("lost, dup., of")
    for each in measured:
        median = statistics.median
        lost, doubled, delivered = map(each.count, ("lost", "duplicates", "delivered"))
        table.add_row(
            each.workload.name,
            f"{median(run.rate for run in each.runs):,.0f}",
            *(
                _text(median(run.end_to_end_ms[name] for run in each.runs))
                for name in ("p50", "p99")
            ),
            _text(each.cpu_us(*OUR_PROCESSES)),
            *(
                _text(each.cpu_us(name))
                for name in ("gateway", "dispatcher", "worker", "postgres", "valkey")
            ),
            _text(each.loop_rounds),
            f"{lost:,}, {doubled:,}, {delivered:,}",
        )
    table.caption = (
        "Times from posted to received. CPU of a delivery in µs: of our processes, and of each;"
        " of ours in rounds of the plain loop."
    )
    return table


def _text(value: float) -> str:
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"
