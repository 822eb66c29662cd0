"""`angarium metrics`: list the metrics of the services."""

from importlib.resources import files

import typer


def metrics() -> None:
    """List every metric as Markdown tables: name, kind, labels and meaning."""
    # Made of the declarations by `make reference`: importing them takes a second.
    typer.echo((files("angarium_cli") / "metrics.md").read_text(encoding="utf-8"), nl=False)
