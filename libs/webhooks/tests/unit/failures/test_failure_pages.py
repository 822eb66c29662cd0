"""docs/reference/failures has a page for each code, and says what the code does."""

import re
from pathlib import Path

import pytest
from angarium_webhooks.failures import FAILURES, documentation_of

from .failure_pages import CAUSES, FOLDER, NAV, REPOSITORY, index, nav, pages


def test_every_code_has_a_page_and_every_page_a_code() -> None:
    assert {path.stem for path in FOLDER.glob("*.md")} == {"index", *FAILURES}
    for code in FAILURES:
        assert (REPOSITORY / "docs" / f"{documentation_of(code)}.md").is_file()


@pytest.mark.parametrize(
    ("path", "text"), list(pages()), ids=lambda each: getattr(each, "stem", "")
)
def test_a_page_says_what_the_table_and_the_example_say(path: Path, text: str) -> None:
    assert path.read_text() == text
    own = re.search(rf"\n\n(\S.*?)\n\n{CAUSES}\n\n- \S", text, re.DOTALL)
    assert own is not None, "a page says what its failure means and what usually causes it"


def test_the_list_of_failures_is_complete() -> None:
    assert (FOLDER / "index.md").read_text() == index()


def test_every_page_is_in_the_navigation() -> None:
    found = [line for line in NAV.read_text().splitlines() if "reference/failures/" in line]
    assert found == nav()
