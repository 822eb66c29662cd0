"""The Helm chart, and what helm makes of it for three installs.

The renderings are in the repository, so that a machine without helm can test them, and a change of
the chart shows what it changes. Each begins with the digest of what it was made of.
"""

import hashlib
import subprocess
from functools import cache
from pathlib import Path
from typing import Any

import yaml

REPOSITORY = Path(__file__).resolve().parents[2]
CHART = REPOSITORY / "deploy/helm/angarium"
INSTALLS = REPOSITORY / "deploy/helm/tests/installs"
RENDERED = REPOSITORY / "deploy/helm/tests/rendered"
SIZES = ("small", "medium", "large")
KUBERNETES = "1.34.0"
"""The version that helm is told, where it has no cluster to ask."""


def values_files(size: str) -> list[Path]:
    return [CHART / f"values-{size}.yaml", INSTALLS / f"{size}.yaml"]


def heading(size: str) -> str:
    """The first line of a rendering."""
    digest = hashlib.sha256()
    sources = [path for path in sorted(CHART.rglob("*")) if path.is_file()]
    for path in [*sources, *values_files(size)]:
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    return f"# From `make helm-render`, of {digest.hexdigest()[:16]}\n"


def render(helm: Path, size: str) -> str:
    """The rendering of an install by helm, with its heading."""
    command = [str(helm), "template", "angarium", str(CHART), "--namespace", "webhooks"]
    command += ["--kube-version", KUBERNETES]
    for path in values_files(size):
        command += ["--values", str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    assert done.returncode == 0, done.stderr
    return heading(size) + done.stdout


@cache
def rendered(size: str) -> list[dict[str, Any]]:
    """The resources of an install, as they are in the repository; read once."""
    text = (RENDERED / f"{size}.yaml").read_text()
    return [each for each in yaml.safe_load_all(text) if each]


def read_values(size: str) -> dict[str, Any]:
    """The values of a size: values.yaml with the size's own on top."""
    values: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
    _put_over(values, yaml.safe_load((CHART / f"values-{size}.yaml").read_text()))
    return values


def _put_over(values: dict[str, Any], more: dict[str, Any]) -> None:
    for name, value in more.items():
        if isinstance(value, dict) and isinstance(values.get(name), dict):
            _put_over(values[name], value)
        else:
            values[name] = value
