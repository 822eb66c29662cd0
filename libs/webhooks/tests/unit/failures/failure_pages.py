"""The pages of failures in the documentation.

A page has its own words on what a failure means and what usually causes it. The rest comes from the
table of failures and from the example. To bring that rest up to date:
`cd libs/webhooks && python -m tests.unit.failures.failure_pages`.
"""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from angarium_webhooks.failures import FAILURES, explain
from angarium_webhooks.failures.catalog import FAMILIES

from .failure_examples import EXAMPLES

REPOSITORY: Final = Path(__file__).parents[5]
FOLDER: Final = REPOSITORY / "docs/reference/failures"
NAV: Final = REPOSITORY / "mkdocs.yml"
MEANING: Final = "## What it means"
CAUSES: Final = "## Usual causes"
CHANGE: Final = "## What to change"
EXAMPLE: Final = "## Example"
GUIDE: Final = "[Find out why a delivery failed](../../how-to/explain-failures.md)"


def beginning(code: str) -> str:
    """The page of a code up to its own words."""
    failure = FAILURES[code]
    return f"# {failure.title}\n\n`{code}` · to be changed by the **{failure.by}**\n\n{MEANING}\n"


def end(code: str) -> str:
    """The page of a code after its own words."""
    explanation = explain(EXAMPLES[code])
    assert explanation is not None
    rows = [f"| {each.name} | {_cell(each.value)} |" for each in explanation.evidence]
    lines = [
        CHANGE,
        "",
        FAILURES[code].remedy,
        "",
        EXAMPLE,
        "",
        f"> {_text(explanation.cause)}",
        "",
        "| evidence | value |",
        "|---|---|",
        *rows,
    ]
    if explanation.remedy != FAILURES[code].remedy:
        lines += ["", f"Remedy of the example: {_text(explanation.remedy)}"]
    return "\n".join(lines) + "\n"


def index() -> str:
    """The page that lists all failures."""
    lines = [
        "# Failures",
        "",
        "Every failed attempt has an `explanation` with one of these codes, the cause, what to",
        f"change, by whom, and the evidence. {GUIDE} shows where.",
    ]
    for family, failures in FAMILIES.items():
        lines += ["", f"## {family}", "", "| code | meaning | by |", "|---|---|---|"]
        lines += [
            f"| [`{each.code}`]({each.code}.md) | {each.title} | {each.by} |" for each in failures
        ]
    return "\n".join(lines) + "\n"


def nav() -> list[str]:
    """The lines of the navigation."""
    begin = "          - reference/failures/"
    return [f"{begin}index.md", *[f"{begin}{code}.md" for code in FAILURES]]


def _text(text: str) -> str:
    return text.replace("<", "&lt;")


def _cell(text: str) -> str:
    return f"`{text}`".replace("|", "\\|") if "`" not in text else _text(text)


def _own_words(page: str) -> str:
    found = re.search(rf"{MEANING}\n(.*?){CHANGE}\n", page, re.DOTALL)
    assert found is not None, "a page has the two headings around its own words"
    return found[1]


def pages() -> Iterator[tuple[Path, str]]:
    """Each page with what it should contain."""
    for code in FAILURES:
        path = FOLDER / f"{code}.md"
        yield path, f"{beginning(code)}{_own_words(path.read_text())}{end(code)}"


if __name__ == "__main__":
    for path, text in list(pages()):
        path.write_text(text)
    (FOLDER / "index.md").write_text(index())
    print("\n".join(nav()))
