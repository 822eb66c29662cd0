"""The documentation builds without a warning and needs nothing from outside to be read."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from angarium_gateway.adapters.http.application import api_document

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package

REPOSITORY = Path(__file__).resolve().parents[2]
KINDS = ("tutorial", "how-to", "reference", "explanation", "decisions")
LOADED = re.compile(
    r"<(?:script|img|iframe|source)\b[^>]*\bsrc=\"([^\"]+)\""
    r"|<link\b[^>]*\brel=\"(?:stylesheet|icon|preconnect|preload)\"[^>]*\bhref=\"([^\"]+)\""
    r"|<link\b[^>]*\bhref=\"([^\"]+)\"[^>]*\brel=\"(?:stylesheet|icon|preconnect|preload)\""
)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", folder],
        cwd=REPOSITORY,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_every_kind_of_documentation_has_a_page(site: Path) -> None:
    for kind in KINDS:
        assert list((site / kind).rglob("index.html")), kind


def test_pages_load_nothing_from_outside(site: Path) -> None:
    loaded = {
        url
        for page in site.rglob("*.html")
        for match in LOADED.finditer(page.read_text())
        for url in match.groups()
        if url
    }

    assert loaded
    assert [url for url in loaded if url.startswith(("http:", "https:", "//"))] == []


def test_the_site_has_the_reference_of_the_api(site: Path) -> None:
    folder = site / "reference/http-api-pages"
    document = json.loads((folder / "openapi.json").read_bytes())

    # A page that is opened from a disk may load scripts, but no other files.
    assert (folder / "document.js").read_text() == (
        f"const apiDocument = {(folder / 'openapi.json').read_text()};\n"
    )
    assert set(api_document().members["paths"]) == set(document["paths"])
    scripts = re.findall(r'<script src="(.+?)">', (folder / "index.html").read_text())
    assert all((folder / name).is_file() for name in scripts)


@pytest.mark.parametrize(
    "picture",
    [
        "architecture.svg",
        "gateway-packages.svg",
        "dispatcher-packages.svg",
        "worker-packages.svg",
    ],
)
def test_pictures_of_the_architecture_take_the_colours_of_their_page(
    site: Path, picture: str
) -> None:
    page = (site / "explanation/architecture/index.html").read_text()

    # Whole, as it was drawn: Markdown has not made paragraphs of its lines.
    assert (REPOSITORY / "docs/assets" / picture).read_text() in page
    assert "var(--md-default-fg-color" in page


@pytest.mark.parametrize("service", ["gateway", "dispatcher", "worker"])
def test_files_that_the_architecture_names_exist(service: str) -> None:
    package = f"services/{service}/src/angarium_{service}/"
    page = (REPOSITORY / "docs/explanation/architecture.md").read_text()
    table = page.split(f"look in `{package}`", 1)[1].split("\n\n", 1)[0]
    named = re.findall(r"`([a-z_/]+/(?:[a-z_]+\.py)?)`", table)

    assert len(named) >= 5
    assert [path for path in named if not (REPOSITORY / package / path).exists()] == []


def test_every_decision_is_numbered_once_and_listed() -> None:
    folder = REPOSITORY / "docs/decisions"
    pages = [path.name for path in folder.glob("[0-9]*.md")]
    index = (folder / "index.md").read_text()

    assert len({name[:4] for name in pages}) == len(pages)
    assert all(f"({name})" in index for name in pages)


def test_the_changelog_has_a_place_for_the_next_change() -> None:
    assert "\n## [Unreleased]\n" in (REPOSITORY / "CHANGELOG.md").read_text()


def test_the_metrics_page_is_what_the_command_prints() -> None:
    printed = run_angarium(["metrics"]).stdout

    assert (REPOSITORY / "docs/reference/metrics.md").read_text().endswith(printed), (
        "run `make reference`"
    )


def test_the_settings_page_is_what_the_command_prints() -> None:
    printed = run_angarium(["settings", "--markdown"]).stdout

    assert (REPOSITORY / "docs/reference/settings.md").read_text().endswith(printed), (
        "write the output of `angarium settings --markdown` into docs/reference/settings.md"
    )
