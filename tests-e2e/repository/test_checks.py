"""The checks that a change passes: workflow, .ci/run, hooks and import contracts."""

import configparser
import os
import re
import subprocess
import tomllib
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
WORKFLOW: dict[Any, Any] = yaml.safe_load((REPOSITORY / ".github/workflows/ci.yml").read_text())
PYTHONS = ["3.12", "3.13", "3.14"]


def commands(job: str) -> list[str]:
    return [step["run"] for step in WORKFLOW["jobs"][job]["steps"] if "run" in step]


def test_the_tests_run_on_every_python_with_both_engines() -> None:
    job = WORKFLOW["jobs"]["test"]

    assert job["strategy"]["matrix"]["python"] == PYTHONS
    assert set(job["services"]) == {"postgres", "valkey"}
    own_engines, given_engines = [step for step in job["steps"] if "run" in step]
    assert own_engines == {"run": "make test"}
    assert set(given_engines["env"]) == {"ANGARIUM_TEST_POSTGRES_URL", "ANGARIUM_TEST_REDIS_URL"}


def test_the_oldest_python_of_the_workflow_is_the_oldest_that_is_supported() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]

    assert project["requires-python"] == f">={PYTHONS[0]}"


def test_ci_runs_what_the_workflow_checks_with_the_tests_last() -> None:
    script = REPOSITORY / ".ci/run"
    made = [line for line in script.read_text().splitlines() if line.startswith("make ")]

    assert os.access(script, os.X_OK)
    assert made == [*commands("checks"), commands("test")[0]]


def test_the_hooks_use_the_locked_tools() -> None:
    config = yaml.safe_load((REPOSITORY / ".pre-commit-config.yaml").read_text())
    local = next(repo for repo in config["repos"] if repo["repo"] == "local")
    hooks = {hook["id"]: hook for hook in local["hooks"]}

    assert {"ruff-check", "ruff-format", "mypy"} <= set(hooks)
    assert all(hook["language"] == "system" for hook in hooks.values())


def test_the_import_contracts_cover_every_package_of_the_workspace() -> None:
    contracts = configparser.ConfigParser()
    contracts.read(REPOSITORY / ".importlinter")
    packages = {
        path.parent.name
        for folder in ("libs", "services")
        for path in (REPOSITORY / folder).glob("*/src/*/__init__.py")
    }

    assert set(contracts["importlinter"]["root_packages"].split()) == packages


def test_no_file_has_the_marks_of_a_merge_that_was_not_finished() -> None:
    listed = subprocess.run(
        ["git", "ls-files", "-z"], cwd=REPOSITORY, capture_output=True, check=True
    )
    marks = re.compile(rb"^(<{7} |>{7} )", re.MULTILINE)

    assert [
        name
        for name in listed.stdout.decode().split("\0")
        if name and marks.search((REPOSITORY / name).read_bytes())
    ] == []
