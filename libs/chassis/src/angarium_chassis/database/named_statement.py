"""SQL statements by name, one per file in the folder `sql` of the package that runs them."""

from functools import cache
from importlib.resources import files


@cache
def named_statement(package: str, name: str) -> str:
    """Read `sql/<name>.sql` of `package`, given by its dotted name. Raises FileNotFoundError."""
    return (files(package) / "sql" / f"{name}.sql").read_text(encoding="utf-8")
