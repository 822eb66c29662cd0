"""The chart in the hands of helm and kubeconform: `make helm-test`, which installs them.

pytest collects this file only when it is named.
"""

import os
import subprocess
from pathlib import Path
from typing import Any

import kubernetes_validate
import pytest

from .chart import CHART, KUBERNETES, RENDERED, SIZES, render, rendered, values_files
from .kubernetes_schemas import LOCATION, write_schemas

TOOLS = Path(os.environ.get("HELM_TOOLS", ".cache/helm-tools")).resolve()
OLDEST = (1, 28)
VERSIONS = [
    version
    for version in dict.fromkeys(kubernetes_validate.utils.all_versions())
    if tuple(int(part) for part in version.split(".")[:2]) >= OLDEST
]
# No schemas of these come with Kubernetes.
OF_OTHERS = ("ScaledObject", "TriggerAuthentication", "ServiceMonitor", "HTTPRoute")


def helm(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TOOLS / "helm", *arguments], capture_output=True, text=True, timeout=120, check=False
    )


def schema_name(resource: dict[str, Any]) -> str:
    group, _, version = resource["apiVersion"].rpartition("/")
    parts = [resource["kind"], *([group.split(".")[0]] if group else []), version]
    return "-".join(parts).lower()


@pytest.mark.parametrize("size", SIZES)
def test_the_chart_has_no_lint(size: str) -> None:
    done = helm("lint", "--strict", CHART, *(f"--values={path}" for path in values_files(size)))

    assert done.returncode == 0, done.stdout + done.stderr


@pytest.mark.parametrize("size", SIZES)
def test_the_renderings_are_what_helm_makes(size: str) -> None:
    assert render(TOOLS / "helm", size) == (RENDERED / f"{size}.yaml").read_text(), (
        "run `make helm-render`"
    )


@pytest.mark.parametrize("version", VERSIONS)
def test_kubernetes_takes_the_resources(version: str, tmp_path: Path) -> None:
    names = {
        schema_name(resource)
        for size in SIZES
        for resource in rendered(size)
        if resource["kind"] not in OF_OTHERS
    }
    write_schemas(tmp_path, version, names)

    done = subprocess.run(
        [
            TOOLS / "kubeconform",
            "-strict",
            "-summary",
            f"-kubernetes-version={version}",
            f"-schema-location={tmp_path}/{LOCATION}",
            f"-skip={','.join(OF_OTHERS)}",
            *(RENDERED / f"{size}.yaml" for size in SIZES),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )

    assert done.returncode == 0, done.stdout + done.stderr
    assert "Invalid: 0, Errors: 0" in done.stdout


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ([], "secret"),
        (["secret.name=a", "settings.ANGARIUM_PORT=80"], "ANGARIUM_PORT"),
        (["secret.name=a", "settings.ENCRYPTION_KEY=abc"], "ENCRYPTION_KEY"),
        (["secret.name=a", "settings.ENCRYPTION_KEY_FALLBACKS=abc"], "ENCRYPTION_KEY_FALLBACKS"),
        (["secret.name=a", "gateway.replicas=0"], "replicas"),
        (["secret.name=a", "gatway.replicas=1"], "gatway"),
        (["secret.name=a", "ingress.enabled=true"], "hosts"),
        (["secret.name=a", "gatewayApi.enabled=true"], "parentRefs"),
        (["secret.name=a", "worker.autoscaling.enabled=true"], "keda.redis.address"),
        (["secret.name=a", "image.digest=sha256:abc"], "digest"),
    ],
)
def test_wrong_values_are_refused_with_their_name(values: list[str], reason: str) -> None:
    given = [f"--set={value}" for value in values]
    done = helm("template", "angarium", CHART, f"--kube-version={KUBERNETES}", *given)

    assert done.returncode != 0
    assert reason in done.stderr


def test_fallback_keys_are_mounted_in_every_pod_once_the_secret_has_them() -> None:
    given = ["--set=secret.name=a", "--set=secret.keys.encryptionKeyFallbacks=fallbacks"]
    done = helm("template", "angarium", CHART, f"--kube-version={KUBERNETES}", *given)

    assert done.returncode == 0, done.stderr
    pods = done.stdout.count("name: ANGARIUM_ENCRYPTION_KEY_FILE")
    assert pods == 4
    assert done.stdout.count("name: ANGARIUM_ENCRYPTION_KEY_FALLBACKS_FILE") == pods
    assert done.stdout.count("key: fallbacks\n") == pods


def test_what_is_switched_off_is_left_out() -> None:
    off = [
        "migration.enabled",
        "podDisruptionBudget.enabled",
        "networkPolicy.enabled",
        "topologySpread.enabled",
        "serviceAccount.create",
    ]
    done = helm(
        "template",
        "angarium",
        CHART,
        f"--kube-version={KUBERNETES}",
        "--set=secret.name=a",
        *(f"--set={name}=false" for name in off),
    )

    assert done.returncode == 0, done.stderr
    for kind in ("Job", "PodDisruptionBudget", "NetworkPolicy", "ServiceAccount"):
        assert f"kind: {kind}\n" not in done.stdout
    assert "topologySpreadConstraints" not in done.stdout
    assert done.stdout.count("serviceAccountName: default") == 3
