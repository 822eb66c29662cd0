"""The changes of an import, shown to a person who confirms them."""

from collections import Counter
from collections.abc import Iterable, Sequence

from rich.console import Console
from rich.table import Table

from .transfer import Change

ROWS_MAX = 200
_KINDS = {
    "eventType": "event type",
    "sourceEndpoint": "endpoint of source",
    "operationalEndpoint": "operational endpoint",
}


def changes_of(changes: Iterable[Change]) -> list[Change]:
    """Those that are more than a comparison."""
    return [change for change in changes if change["action"] != "none"]


def show_changes(changes: Sequence[Change], console: Console) -> None:
    """Print a row for each change, at most ROWS_MAX."""
    table = Table(box=None, pad_edge=False, header_style="bold")
    for heading in ("", "kind", "name", "members"):
        table.add_column(heading)
    for change in changes[:ROWS_MAX]:
        application = change.get("application")
        name = change["name"] if application is None else f"{application}/{change['name']}"
        kind = _KINDS.get(change["kind"], change["kind"])
        table.add_row(change["action"], kind, name, ", ".join(change["members"]))
    if changes:
        console.print(table)
    if len(changes) > ROWS_MAX:
        console.print(f"… and {len(changes) - ROWS_MAX} more")


def summary(changes: Iterable[Change]) -> str:
    """The number of changes, such as `3 to create, 1 to update`."""
    counts = Counter(change["action"] for change in changes)
    return f"{counts['create']} to create, {counts['update']} to update"
