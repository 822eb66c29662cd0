"""Every path that CONTRIBUTING.md names exists."""

import re
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[2]
LIBRARIES = {
    name: f"libs/{name}/src/angarium_{name}" for name in ("contracts", "chassis", "webhooks", "cli")
}
SERVICES = {
    name: f"services/{name}/src/angarium_{name}" for name in ("gateway", "dispatcher", "worker")
}
NAMED = re.compile(r"`([\w.-]+(?:/[\w.-]+)*/[\w.-]*)`")
PATHS = sorted(set(NAMED.findall((REPOSITORY / "CONTRIBUTING.md").read_text())))


def _meanings(path: str) -> list[Path]:
    """In the repository; in the package that the first word stands for; or in every service."""
    first, rest = path.split("/", 1)
    package = (LIBRARIES | SERVICES).get(first)
    if package is not None:
        return [REPOSITORY / package / rest]
    of_services = [f"{package}/{path}" for package in SERVICES.values()]
    of_tests = [f"services/{name}/{path}" for name in SERVICES]
    return [REPOSITORY / each for each in (path, *of_services, *of_tests)]


def test_the_map_names_the_files_to_touch() -> None:
    assert len(PATHS) > 40


@pytest.mark.parametrize("path", PATHS)
def test_a_path_exists(path: str) -> None:
    assert any(each.exists() for each in _meanings(path)), path
