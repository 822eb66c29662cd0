"""Follows a background task to its end, with its progress on a terminal."""

import sys
import time
from collections.abc import Callable
from typing import Final

from rich.progress import BarColumn, Progress, TextColumn

from angarium_cli.client.api_client import ApiClient
from angarium_cli.client.output import console_of
from angarium_cli.client.session import Item, path_of
from angarium_cli.failure import CommandFailed, ExitStatus

_PAUSE_S: Final = 0.25
_PAUSE_S_MAX: Final = 2.0


def follow_task(api: ApiClient, task_id: str, pause: Callable[[float], None] = time.sleep) -> Item:
    """The task once it has ended. Raises CommandFailed if it failed or was canceled."""
    path = path_of("/api/v1/background-task/{task}", task=task_id)
    pause_s = _PAUSE_S
    with _bar() as progress:
        bar = progress.add_task("", total=100)
        while True:
            task: Item = api.get(path)
            done = task.get("progress") or {}
            shown = f"{done.get('done') or 0} messages examined"
            progress.update(bar, completed=done.get("percent") or 0, description=shown)
            if task["status"] != "running":
                break
            pause(pause_s)
            pause_s = min(pause_s * 1.5, _PAUSE_S_MAX)
    if task["status"] != "finished":
        reason = task["data"].get("error") or f"it was {task.get('state', 'failed')}"
        raise CommandFailed(f"task {task_id}: {reason}", exit_status=ExitStatus.FAILED)
    return task


def _bar() -> Progress:
    console = console_of(sys.stderr)
    columns = (
        BarColumn(),
        TextColumn("{task.percentage:>3.0f} %"),
        TextColumn("{task.description}"),
    )
    return Progress(*columns, console=console, transient=True, disable=not console.is_terminal)
