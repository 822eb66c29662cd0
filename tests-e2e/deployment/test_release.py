"""`.ci/release.py`, which the release workflow runs first."""

import importlib.util
import shutil
import subprocess
import sys
from fnmatch import fnmatch
from pathlib import Path
from types import ModuleType

import pytest
import yaml

from ..faults.upgrade import RELEASE_TAG  # noqa: TID252 - tests are no installed package
from .compose_file import REPOSITORY

WORKFLOW = REPOSITORY / ".github/workflows/release.yml"
SCRIPT = REPOSITORY / ".ci/release.py"
CHANGELOG = """# Changelog

## [Unreleased]

### Added

- Later.

## [1.2.0] - 2026-11-30

### Added

- This.

## [1.1.0] - 2026-10-01

- That.
"""


@pytest.fixture(scope="module")
def release() -> ModuleType:
    spec = importlib.util.spec_from_file_location("release", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def repository(tmp_path: Path) -> Path:
    """One package, the chart and a changelog, all of 1.2.0."""
    (tmp_path / "libs/one").mkdir(parents=True)
    (tmp_path / "deploy/helm/angarium").mkdir(parents=True)
    for folder in ("", "libs/one"):
        text = '[project]\nname = "one"\nversion = "1.2.0"\n'
        (tmp_path / folder / "pyproject.toml").write_text(text)
    chart = "version: 1.2.0\nappVersion: 1.2.0\n"
    (tmp_path / "deploy/helm/angarium/Chart.yaml").write_text(chart)
    (tmp_path / "CHANGELOG.md").write_text(CHANGELOG)
    return tmp_path


def test_a_release_of_one_version_has_no_problem(release: ModuleType, repository: Path) -> None:
    assert release.problems(repository, "v1.2.0") == []
    assert release.notes(CHANGELOG, "1.2.0") == "### Added\n\n- This."


def test_other_versions_and_a_missing_section_are_named(
    release: ModuleType, repository: Path
) -> None:
    found = "\n".join(release.problems(repository, "v1.3.0"))

    for place in ("pyproject.toml", "libs/one/pyproject.toml", "(appVersion)", "CHANGELOG.md"):
        assert place in found


@pytest.mark.parametrize("tag", ["1.2.0", "v1.2", "v1.2.0-dirty", "main"])
def test_other_tags_are_no_release(release: ModuleType, repository: Path, tag: str) -> None:
    assert "no tag of a release" in release.problems(repository, tag)[0]


@pytest.mark.parametrize("tag", ["v1.2.0", "v10.0.3", "v1.2.0rc1", "v2.0.0b12"])
def test_the_next_rolling_upgrade_starts_from_the_tag_of_a_release(
    release: ModuleType, tag: str
) -> None:
    assert release.TAG.fullmatch(tag)
    assert RELEASE_TAG.fullmatch(tag)
    # YAML 1.1 reads `on` as true.
    assert fnmatch(tag, yaml.safe_load(WORKFLOW.read_text())[True]["push"]["tags"][0])


def test_this_changelog_has_a_section_for_each_release(release: ModuleType) -> None:
    changelog = (REPOSITORY / "CHANGELOG.md").read_text()

    assert release.form_problems(changelog) == release.form_problems(CHANGELOG) == []


@pytest.mark.parametrize(
    ("right", "wrong", "named"),
    [
        ("## [Unreleased]\n\n### Added", "", "must begin with"),
        (" - 2026-11-30", "", "YYYY-MM-DD"),
        ("[1.2.0]", "[1.2]", "## [1.2] - 2026-11-30"),
        ("[1.2.0]", "[1.0.0]", "newest first"),
        ("2026-11-30", "2026-09-30", "newest first"),
        ("### Added\n\n- This", "### Repaired\n\n- This", "one of Added"),
    ],
)
def test_another_form_of_the_changelog_is_named(
    release: ModuleType, right: str, wrong: str, named: str
) -> None:
    (found,) = release.form_problems(CHANGELOG.replace(right, wrong, 1))

    assert named in found


def test_every_place_of_this_repository_has_the_same_version(release: ModuleType) -> None:
    found = release.versions(REPOSITORY)

    assert len(found) > 8
    assert len(set(found.values())) == 1


def test_the_script_runs_with_python_alone(repository: Path) -> None:
    (repository / ".ci").mkdir()
    copied = shutil.copy(SCRIPT, repository / ".ci")

    done = subprocess.run(
        [sys.executable, "-I", copied, "v1.2.0"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )

    assert (done.returncode, done.stdout) == (0, "### Added\n\n- This.\n")
