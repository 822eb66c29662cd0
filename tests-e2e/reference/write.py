"""Write the pages of the reference that are made of the code: `make reference`."""

import json
from collections.abc import Callable
from pathlib import Path

from .asyncapi_document import asyncapi_document
from .command_line_page import command_line_page
from .streams_page import streams_page

REFERENCE = Path(__file__).resolve().parents[2] / "docs/reference"


def _asyncapi() -> str:
    return json.dumps(asyncapi_document(), indent=1, ensure_ascii=False) + "\n"


PAGES: dict[str, Callable[[], str]] = {
    "command-line.md": command_line_page,
    "streams.asyncapi.json": _asyncapi,
    "streams.md": streams_page,
}
"""The contents of each file, by its name."""


def main() -> None:
    for name, made in PAGES.items():
        (REFERENCE / name).write_text(made())


if __name__ == "__main__":
    main()
