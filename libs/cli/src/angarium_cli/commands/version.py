"""`angarium version`."""

import typer


def version() -> None:
    """Show the version."""
    from angarium_cli.release import program_version

    typer.echo(program_version())
