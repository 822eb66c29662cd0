"""Write the pages of the reference that are made of the code: `make reference`."""

import json
from collections.abc import Callable
from pathlib import Path

from angarium_cli.metrics_listing import all_catalogs, as_markdown

from .asyncapi_document import asyncapi_document
from .command_line_page import command_line_page
from .streams_page import streams_page

REPOSITORY = Path(__file__).resolve().parents[2]
REFERENCE = REPOSITORY / "docs/reference"
PRINTED_METRICS = REPOSITORY / "libs/cli/src/angarium_cli/metrics.md"
"""The tables that `angarium metrics` prints."""


def _asyncapi() -> str:
    return json.dumps(asyncapi_document(), indent=1, ensure_ascii=False) + "\n"


def metric_tables() -> str:
    return as_markdown(all_catalogs())


def _metrics_page() -> str:
    """The page, whose text before the tables is written by hand."""
    introduction, heading, _ = (REFERENCE / "metrics.md").read_text().partition("\n## ")
    tables = metric_tables()
    return introduction + "\n" + tables if heading else tables


PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line_page,
    "metrics.md": _metrics_page,
    "streams.asyncapi.json": _asyncapi,
    "streams.md": streams_page,
}
"""The contents of each file, by its name."""


def main() -> None:
    PRINTED_METRICS.write_text(metric_tables())
    for name, made in PAGES.items():
        (REFERENCE / name).write_text(made())


if __name__ == "__main__":
    main()
