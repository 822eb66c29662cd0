"""`angarium metrics`: list the metrics of the services."""

import typer


def metrics() -> None:
    """List every metric as Markdown tables: name, kind, labels and meaning."""
    from angarium_cli.metrics_listing import all_catalogs, as_markdown

    typer.echo(as_markdown(all_catalogs()), nl=False)
