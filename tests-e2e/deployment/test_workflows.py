"""The workflows on GitHub: valid, pinned, with as few permissions as they need."""

import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from .compose_file import REPOSITORY

FOLDER = REPOSITORY / ".github/workflows"
WORKFLOWS: dict[str, dict[Any, Any]] = {
    path.stem: yaml.safe_load(path.read_text()) for path in sorted(FOLDER.glob("*.yml"))
}
PINNED = re.compile(r"uses: [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$")
CHECK = Path(sys.executable).with_name("check-jsonschema")
IMAGE = re.compile(r"^\s*image: (?!\$)(\S+)$", re.MULTILINE)
# No digest of these is known; their exact versions are, and Dependabot pins what it moves.
BY_VERSION = {
    "prom/prometheus",
    "grafana/grafana",
    "grafana/tempo",
    "otel/opentelemetry-collector-contrib",
}


@pytest.mark.parametrize(
    ("schema", "paths"),
    [
        ("vendor.github-workflows", sorted(FOLDER.glob("*.yml"))),
        ("vendor.dependabot", [REPOSITORY / ".github/dependabot.yml"]),
        ("vendor.compose-spec", [REPOSITORY / "docker-compose.yml"]),
    ],
)
def test_files_fit_their_schemas(schema: str, paths: list[Path]) -> None:
    done = subprocess.run(
        [CHECK, "--builtin-schema", schema, *paths],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("name", WORKFLOWS)
def test_actions_are_pinned_to_commits(name: str) -> None:
    lines = (FOLDER / f"{name}.yml").read_text().splitlines()
    used = [line.strip().removeprefix("- ") for line in lines if "uses:" in line]

    assert used
    assert [line for line in used if not PINNED.fullmatch(line)] == []


def test_one_action_has_one_version_everywhere() -> None:
    versions: dict[str, set[str]] = {}
    for name in WORKFLOWS:
        text = (FOLDER / f"{name}.yml").read_text()
        for action, commit in re.findall(r"uses: ([\w./-]+)@(\w+)", text):
            versions.setdefault(action, set()).add(commit)

    assert {action: each for action, each in versions.items() if len(each) > 1} == {}


@pytest.mark.parametrize("path", ["docker-compose.yml", ".github/workflows/ci.yml"])
def test_images_are_pinned_by_digest_or_by_their_exact_version(path: str) -> None:
    images = IMAGE.findall((REPOSITORY / path).read_text())

    assert images
    for image in images:
        name, _, tag = image.partition(":")
        if name in BY_VERSION:
            assert re.fullmatch(r"v?\d+\.\d+\.\d+(@sha256:[0-9a-f]{64})?", tag), image
        else:
            assert re.search(r"@sha256:[0-9a-f]{64}$", image), image


def test_dependabot_moves_everything_that_is_pinned() -> None:
    updates = yaml.safe_load((REPOSITORY / ".github/dependabot.yml").read_text())["updates"]
    watched = {each["package-ecosystem"]: each["directory"] for each in updates}

    assert watched == {
        "uv": "/",
        "npm": "/libs/console/web",
        "github-actions": "/",
        "docker": "/deploy/docker",
        "docker-compose": "/",
    }


@pytest.mark.parametrize("name", WORKFLOWS)
def test_a_workflow_may_only_read_unless_a_job_says_otherwise(name: str) -> None:
    workflow = WORKFLOWS[name]

    assert workflow["permissions"] == {"contents": "read"}
    for job in workflow["jobs"].values():
        assert job["timeout-minutes"] <= 120
        for step in job["steps"]:
            if step.get("uses", "").startswith("actions/checkout@"):
                assert step["with"]["persist-credentials"] is False


@pytest.mark.parametrize("name", WORKFLOWS)
def test_what_others_write_is_no_part_of_a_command(name: str) -> None:
    """An expression in a script is put in as it is: a title or branch could end the command."""
    for job in WORKFLOWS[name]["jobs"].values():
        for step in job["steps"]:
            inserted = re.findall(r"\$\{\{\s*([\w.]+)", step.get("run", ""))
            assert all(each.startswith("matrix.") for each in inserted), inserted


def test_targets_that_workflows_run_exist() -> None:
    makefile = (REPOSITORY / "Makefile").read_text()
    targets = set(re.findall(r"^([a-z-]+):", makefile, re.MULTILINE))
    run = {
        target
        for path in FOLDER.glob("*.yml")
        for targets in re.findall(r"(?:run|command): make ([a-z -]+)", path.read_text())
        for target in targets.split()
    }

    assert run >= {"test", "faults", "fuzz", "helm-test", "test-containers"}
    assert run <= targets


def test_only_the_environments_may_publish() -> None:
    jobs = WORKFLOWS["release"]["jobs"]

    assert jobs["staging"]["environment"] == "staging"
    assert jobs["production"]["environment"] == "production"
    assert jobs["production"]["needs"] == ["build", "staging"]
    for name, job in jobs.items():
        if "packages" in job["permissions"] or job["permissions"]["contents"] == "write":
            assert name in ("staging", "production")


def test_a_release_has_two_architectures_sbom_provenance_and_a_signature() -> None:
    steps = [step for job in WORKFLOWS["release"]["jobs"].values() for step in job["steps"]]
    (image,) = [step["with"] for step in steps if "build-push-action" in step.get("uses", "")]

    assert image["platforms"] == "linux/amd64,linux/arm64"
    assert (image["sbom"], image["provenance"]) == (True, "mode=max")
    assert any("cosign sign" in step.get("run", "") for step in steps)
    # What is named by the version is the digest that was tested.
    assert any("imagetools create" in step.get("run", "") for step in steps)


def test_the_published_chart_pins_the_image() -> None:
    """The release workflow puts the image and its digest into these two lines."""
    (publish,) = [
        step["run"]
        for step in WORKFLOWS["release"]["jobs"]["production"]["steps"]
        if "helm package" in step.get("run", "")
    ]
    values = (REPOSITORY / "deploy/helm/angarium/values.yaml").read_text().splitlines()

    for line in ("  repository: angarium", '  digest: ""'):
        assert values.count(line) == 1
        assert f"s|^{line}$|" in publish.replace("\\", "")
