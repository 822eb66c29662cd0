"""Raw SQL by name: one statement a file, in the folder `sql` of the package that runs it."""

from functools import cache
from importlib.resources import files


@cache
def named_statement(package: str, name: str) -> str:
    """Read `sql/<name>.sql` of `package`, a dotted name. Raises FileNotFoundError."""
    return (files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
