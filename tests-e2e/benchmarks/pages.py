"""The first pages of the portal and of the console in a browser: their size and their time."""

import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from platform_process import running_platform
from rich.table import Table
from tools import run_first_pages

_BUDGETS_KB = {"portal": 150, "console": 300}
_BUDGET_S = 1.0


@dataclass(frozen=True, slots=True)
class FirstPages:
    """Runs of each page, each with an empty cache."""

    runs: Mapping[str, Sequence[Mapping[str, float]]]

    def as_dict(self) -> dict[str, object]:
        return dict(self.runs)

    def table(self) -> Table:
        """Medians beside their budgets."""
        table = Table("first page", "kB, compressed", "budget", "usable after s", "budget")
        for name, runs in self.runs.items():
            sent = statistics.median(run["kilobytes"] for run in runs)
            took_s = statistics.median(run["seconds"] for run in runs)
            table.add_row(
                name, f"{sent:.0f}", f"≤ {_BUDGETS_KB[name]}", f"{took_s:.2f}", f"≤ {_BUDGET_S:g}"
            )
        return table


async def measure_pages(angarium: str, database: str, folder: Path) -> FirstPages:
    """Open each page several times on a platform of its own."""
    async with running_platform(angarium, database, folder) as platform:
        return FirstPages(await run_first_pages(platform.url, platform.key))
