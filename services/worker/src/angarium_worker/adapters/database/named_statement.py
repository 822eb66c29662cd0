"""Raw SQL by name, from the files beside this module."""

from importlib.resources import files


def statement(name: str) -> str:
    """The text of `sql/<name>.sql`."""
    return (files(__package__) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
