"""Progress and outcome of a rotation, for people."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

from angarium_chassis.database.resealing import UNREADABLE, Progress, Rotated, ShowProgress
from angarium_chassis.wording import counted
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, TaskID, TextColumn
from rich.progress import Progress as ProgressBars

from angarium_cli.services import ServiceName


@contextmanager
def shown_progress() -> Iterator[ShowProgress]:
    """Bars on a terminal, one for each table; nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    with ProgressBars(*columns, console=console, disable=not console.is_terminal) as bars:
        tasks: dict[str, TaskID] = {}

        def show(progress: Progress) -> None:
            name = f"{progress.service} {progress.table}"
            if name not in tasks:
                tasks[name] = bars.add_task(name)
            bars.update(tasks[name], completed=progress.rows, total=progress.rows_total)

        yield show


def show_outcome(found: Mapping[ServiceName, Rotated], write: Callable[[str], None]) -> bool:
    """Write a line for each service, and what to do next. True if the rotation is complete."""
    for service, each in found.items():
        write(f"{service}: {counted(each.resealed, 'secret')} encrypted again; {_state(each)}")
    if all(each.complete for each in found.values()):
        write(
            "No database needs a former key any more. `angarium doctor` says when one can be"
            " removed from ANGARIUM_ENCRYPTION_KEY_FALLBACKS."
        )
        return True
    write("The rotation is not complete. Run `angarium encryption rotate` again.")
    return False


def _state(each: Rotated) -> str:
    missing = {key_id: count for key_id, count in each.left.items() if key_id != UNREADABLE}
    unreadable = each.left.get(UNREADABLE, 0)
    parts = [f"{count} need key {key_id}, which is not set" for key_id, count in missing.items()]
    if unreadable:
        parts.append(f"{counted(unreadable, 'value')} that no key opens")
    if not each.complete and not missing:
        parts.append("a process with another key writes or starts")
    return "; ".join(parts) or "all are under the current key"
