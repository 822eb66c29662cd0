"""Checks that everything has the version of a tag, and prints the changelog's section of it.

    python3 .ci/release.py v1.2.0 > notes.md

Needs Python 3.11 and nothing else. Exit status 1, with a line for each place that has another
version.
"""

import re
import sys
import tomllib
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[1]
_TAG = re.compile(r"v(\d+\.\d+\.\d+(?:(?:a|b|rc)\d+)?)")


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


def problems(repository: Path, tag: str) -> list[str]:
    """The faults of a release of this tag."""
    match = _TAG.fullmatch(tag)
    if match is None:
        return [f"{tag} is no tag of a release, such as v1.2.0 or v1.2.0rc1"]
    version = match[1]
    wrong = [
        f"{place} has the version {each}, the tag {version}"
        for place, each in versions(repository).items()
        if each != version
    ]
    if not notes((repository / "CHANGELOG.md").read_text(), version):
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
