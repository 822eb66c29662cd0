"""Checks that everything has the version of a tag, and prints the changelog's section of it.

    python3 .ci/release.py v1.2.0 > notes.md

Needs Python 3.11 and nothing else. Exit status 1, with a line for each place that has another
version.
"""

import re
import sys
import tomllib
from itertools import pairwise
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
_VERSION = r"(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)"
TAG = re.compile(f"v{_VERSION}")
KINDS = ("Added", "Changed", "Deprecated", "Removed", "Fixed", "Security")
"""The kinds of changes of Keep a Changelog."""


def versions(repository: Path) -> dict[str, str]:
    """The version at each place, by the path of its file."""
    found = {}
    paths = [*repository.glob("pyproject.toml"), *repository.glob("*/*/pyproject.toml")]
    for path in sorted(paths):
        project = tomllib.loads(path.read_text())["project"]
        found[str(path.relative_to(repository))] = project["version"]
    chart = repository / "deploy/helm/angarium/Chart.yaml"
    for name in ("version", "appVersion"):
        (version,) = re.findall(rf"^{name}: (\S+)$", chart.read_text(), re.MULTILINE)
        found[f"deploy/helm/angarium/Chart.yaml ({name})"] = version
    return found


def notes(changelog: str, version: str) -> str:
    """The section of a version, without its heading; empty if there is none."""
    heading = rf"^## \[{re.escape(version)}\] - \d{{4}}-\d\d-\d\d$"
    match = re.search(rf"{heading}\n(.*?)(?=^## \[|\Z)", changelog, re.MULTILINE | re.DOTALL)
    return match[1].strip() if match else ""


def form_problems(changelog: str) -> list[str]:
    """The faults of a changelog's form: `## [Unreleased]`, then a section for each release, the
    newest first, each with the kinds of changes of Keep a Changelog."""
    first, *heads = re.findall(r"^## (.*)$", changelog, re.MULTILINE) or [""]
    wrong = []
    if first != "[Unreleased]":
        wrong.append('CHANGELOG.md must begin with the section "## [Unreleased]"')
    releases = []
    for head in heads:
        match = re.fullmatch(rf"\[{_VERSION}\] - (\d{{4}}-\d\d-\d\d)", head)
        if match is None:
            wrong.append(f'CHANGELOG.md: "## {head}" must be "## [1.2.0] - YYYY-MM-DD"')
        else:
            releases.append((_order(match[1]), match[2]))
    for (version, day), (earlier, earlier_day) in pairwise(releases):
        if version <= earlier or day < earlier_day:
            wrong.append("CHANGELOG.md: releases must be in order, the newest first")
    return wrong + [
        f'CHANGELOG.md: "### {kind}" must be one of {", ".join(KINDS)}'
        for kind in re.findall(r"^### (.*)$", changelog, re.MULTILINE)
        if kind not in KINDS
    ]


def _order(version: str) -> tuple[tuple[int, ...], bool, str]:
    """Sorts 1.10.0 after 1.9.0, and 1.2.0rc1 before 1.2.0."""
    numbers, *candidate = re.split(r"(?=a|b|rc)", version, maxsplit=1)
    return tuple(map(int, numbers.split("."))), not candidate, "".join(candidate)


def problems(repository: Path, tag: str) -> list[str]:
    """The faults of a release of this tag."""
    match = TAG.fullmatch(tag)
    if match is None:
        return [f"{tag} is no tag of a release, such as v1.2.0 or v1.2.0rc1"]
    version = match[1]
    wrong = [
        f"{place} has the version {each}, the tag {version}"
        for place, each in versions(repository).items()
        if each != version
    ]
    changelog = (repository / "CHANGELOG.md").read_text()
    wrong += form_problems(changelog)
    if not notes(changelog, version):
        wrong.append(f'CHANGELOG.md has no section "## [{version}] - YYYY-MM-DD"')
    return wrong


def main(tag: str) -> int:
    wrong = problems(REPOSITORY, tag)
    if wrong:
        sys.stderr.write("\n".join(wrong) + "\n")
        return 1
    sys.stdout.write(notes((REPOSITORY / "CHANGELOG.md").read_text(), tag[1:]) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
