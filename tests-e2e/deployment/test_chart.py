"""The objects of the Helm chart, read from its renderings; `make helm-test` makes them anew."""

import base64
import importlib
import json
import os
import re
from pathlib import Path
from typing import Any

import jsonschema
import kubernetes_validate
import pytest
import yaml
from angarium_chassis.known_settings import SETTINGS
from angarium_contracts import stream_names

from .chart import CHART, RENDERED, REPOSITORY, SIZES, heading, read_values, rendered, values_files
from .compose_file import environment_of_the_image

SERVICES = ("gateway", "dispatcher", "worker")
SCHEMA = json.loads((CHART / "values.schema.json").read_text())
LARGE = rendered("large")
DEFAULT_CONNECTIONS = 8
FOR_OPERATORS = 10
WINDOW_MIB = 16
# Of controllers; their schemas are not Kubernetes's.
CRD_GROUPS = {"keda.sh", "monitoring.coreos.com", "gateway.networking.k8s.io"}


def named(resources: list[dict[str, Any]], kind: str, name: str) -> dict[str, Any]:
    (found,) = [
        each
        for each in resources
        if each["kind"] == kind and each["metadata"]["name"] == f"angarium-{name}".rstrip("-")
    ]
    return found


def pods(resources: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    """The pod templates by the component's name."""
    return {
        each["spec"]["template"]["metadata"]["labels"]["app.kubernetes.io/component"]: each["spec"][
            "template"
        ]["spec"]
        for each in resources
        if each["kind"] in ("Deployment", "Job")
    }


def container(service: str, size: str = "large") -> dict[str, Any]:
    (only,) = pods(rendered(size))[service]["containers"]
    found: dict[str, Any] = only
    return found


def environment(service: str) -> dict[str, str]:
    return {each["name"]: each["value"] for each in container(service)["env"]}


@pytest.mark.parametrize("size", SIZES)
def test_the_renderings_are_of_this_chart(size: str) -> None:
    with (RENDERED / f"{size}.yaml").open() as file:
        assert file.readline() == heading(size), "run `make helm-render`"


@pytest.mark.parametrize("size", SIZES)
def test_the_values_fit_the_schema(size: str) -> None:
    for path in values_files(size):
        values = yaml.safe_load(path.read_text())
        jsonschema.validate({"secret": {"name": "a"}} | values, SCHEMA)
    # The defaults lack the one value that must be given.
    defaults = yaml.safe_load((CHART / "values.yaml").read_text())
    with pytest.raises(jsonschema.ValidationError, match="should be non-empty"):
        jsonschema.validate(defaults, SCHEMA)


@pytest.mark.parametrize("version", ["1.28", "1.37"])
def test_the_oldest_and_the_newest_kubernetes_take_the_resources(version: str) -> None:
    checked = 0
    for resource in LARGE:
        if resource["apiVersion"].split("/")[0] in CRD_GROUPS:
            continue
        kubernetes_validate.validate(resource, version, strict=True)
        checked += 1
    assert checked > 20


@pytest.mark.parametrize("service", [*SERVICES, "migrate", "migrate-after"])
def test_a_pod_may_do_nothing_but_run(service: str) -> None:
    pod = pods(LARGE)[service]
    security = container(service)["securityContext"]

    assert pod["automountServiceAccountToken"] is False
    assert pod["securityContext"]["runAsNonRoot"] is True
    assert pod["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    assert security["readOnlyRootFilesystem"] is True
    assert security["allowPrivilegeEscalation"] is False
    assert security["capabilities"] == {"drop": ["ALL"]}
    assert container(service)["resources"]["limits"]["memory"]


@pytest.mark.parametrize("service", [*SERVICES, "migrate", "migrate-after"])
def test_secrets_are_files_that_the_settings_name(service: str) -> None:
    (volume,) = [each for each in pods(LARGE)[service]["volumes"] if each["name"] == "secrets"]
    files = {f"/run/secrets/angarium/{each['path']}" for each in volume["secret"]["items"]}

    assert set(environment(service).values()) == files
    known = {name.upper() for name in SETTINGS} | {f"{n.upper()}_DATABASE_URL" for n in SERVICES}
    for variable in environment(service):
        assert variable.removeprefix("ANGARIUM_").removesuffix("_FILE") in known


@pytest.mark.parametrize("service", SERVICES)
def test_a_service_gets_its_own_database_only(service: str) -> None:
    databases = {name for name in environment(service) if "DATABASE_URL" in name}

    assert databases == {f"ANGARIUM_{service.upper()}_DATABASE_URL_FILE"}


@pytest.mark.parametrize("service", SERVICES)
def test_ports_and_probes_are_those_of_the_image(service: str) -> None:
    image = environment_of_the_image()
    ports = {each["name"]: str(each["containerPort"]) for each in container(service)["ports"]}

    assert ports["internal"] == image["ANGARIUM_INTERNAL_PORT"]
    assert ports.get("http") == (image["ANGARIUM_PORT"] if service == "gateway" else None)
    probes = {
        name: container(service)[name]["httpGet"]
        for name in ("livenessProbe", "readinessProbe", "startupProbe")
    }
    assert {each["port"] for each in probes.values()} == {"internal"}
    assert probes["livenessProbe"]["path"] == "/live"
    assert probes["readinessProbe"]["path"] == "/ready"


@pytest.mark.parametrize("size", SIZES)
def test_every_setting_exists(size: str) -> None:
    for each in rendered(size):
        if each["kind"] == "ConfigMap":
            for variable in each.get("data") or {}:
                assert variable.removeprefix("ANGARIUM_").lower() in SETTINGS


SECRETS = {
    "encryption-key": base64.b64encode(bytes(32)).decode(),
    "redis-url": "rediss://user:password@redis.example.com:6380/0",
    "oidc-client-secret": "client secret",
    **{f"{name}-database-url": f"postgresql://a:b@db.example.com/{name}" for name in SERVICES},
}


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("service", SERVICES)
def test_a_service_takes_the_settings_of_its_pod(
    size: str, service: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = dict(environment_of_the_image())
    for each in container(service, size)["envFrom"]:
        name = each["configMapRef"]["name"].removeprefix("angarium-")
        given |= named(rendered(size), "ConfigMap", name).get("data") or {}
    for each in container(service, size)["env"]:
        path = tmp_path / each["value"].rpartition("/")[2]
        path.write_text(SECRETS[path.name] + "\n")
        given[each["name"]] = str(path)
    for variable in [name for name in os.environ if name.startswith("ANGARIUM_")]:
        monkeypatch.delenv(variable)
    for variable, value in given.items():
        monkeypatch.setenv(variable, value)

    settings = importlib.import_module(f"angarium_{service}.settings").Settings.load(service)

    secret = settings.database_url.get_secret_value()
    assert secret == SECRETS[f"{service}-database-url"]
    assert settings.redis_url.get_secret_value() == SECRETS["redis-url"]
    assert str(settings.stream_count) == given.get("ANGARIUM_STREAM_COUNT", "1")


def test_a_gateway_drains_before_it_is_killed() -> None:
    drain_s = int(named(LARGE, "ConfigMap", "gateway-settings")["data"]["ANGARIUM_DRAIN_S"])
    probe = container("gateway")["readinessProbe"]

    assert probe["periodSeconds"] * probe["failureThreshold"] < drain_s
    assert drain_s + 30 < pods(LARGE)["gateway"]["terminationGracePeriodSeconds"]


def test_the_migration_runs_before_new_pods_with_all_databases_and_without_redis() -> None:
    job = named(LARGE, "Job", "migrate")

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "pre-install,pre-upgrade"
    assert container("migrate")["args"] == ["migrate", "all", "--phase", "before"]
    assert sum("DATABASE_URL" in name for name in environment("migrate")) == len(SERVICES)
    assert not any("REDIS" in name for name in environment("migrate"))
    # Its policy is a hook too, and comes first.
    policy = named(LARGE, "NetworkPolicy", "migrate")["metadata"]["annotations"]
    assert int(policy["helm.sh/hook-weight"]) < int(
        job["metadata"]["annotations"]["helm.sh/hook-weight"]
    )


def test_the_phase_after_runs_after_the_pods_and_asks_redis_for_earlier_ones() -> None:
    job = named(LARGE, "Job", "migrate-after")
    arguments = container("migrate-after")["args"]

    assert job["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    assert arguments[:-1] == ["migrate", "all", "--phase", "after", "--wait"]
    assert float(arguments[-1]) < job["spec"]["activeDeadlineSeconds"]
    assert "ANGARIUM_REDIS_URL_FILE" in environment("migrate-after")
    before, after = (named(LARGE, "NetworkPolicy", name) for name in ("migrate", "migrate-after"))
    assert after["metadata"]["annotations"]["helm.sh/hook"] == "post-install,post-upgrade"
    further = [each for each in after["spec"]["egress"] if each not in before["spec"]["egress"]]
    assert [port["port"] for rule in further for port in rule["ports"]] == [6380]


@pytest.mark.parametrize(
    ("service", "stream_of", "group"),
    [
        ("dispatcher", stream_names.messages_accepted, stream_names.DISPATCHERS),
        ("worker", stream_names.deliveries_requested, stream_names.WORKERS),
    ],
)
def test_every_stream_scales_its_readers(service: str, stream_of: Any, group: str) -> None:
    scaled = named(LARGE, "ScaledObject", service)["spec"]
    count = int(named(LARGE, "ConfigMap", "settings")["data"]["ANGARIUM_STREAM_COUNT"])

    assert scaled["scaleTargetRef"]["name"] == f"angarium-{service}"
    triggers = scaled["triggers"]
    streams = [each["metadata"]["stream"] for each in triggers]
    assert streams == [stream_of(number) for number in range(count)]
    assert {each["metadata"]["consumerGroup"] for each in triggers} == {group}
    assert {each["authenticationRef"]["name"] for each in triggers} == {"angarium-redis"}
    # A replica count would undo what the autoscaler does at each upgrade.
    assert "replicas" not in named(LARGE, "Deployment", service)["spec"]


def test_gateways_scale_on_cpu_and_small_installs_have_fixed_replicas() -> None:
    (metric,) = named(LARGE, "HorizontalPodAutoscaler", "gateway")["spec"]["metrics"]
    assert metric["resource"]["name"] == "cpu"

    small = rendered("small")
    kinds = {each["kind"] for each in small}
    assert not kinds & {"HorizontalPodAutoscaler", "ScaledObject", "TriggerAuthentication"}
    for service in SERVICES:
        assert named(small, "Deployment", service)["spec"]["replicas"] == 2


def test_only_the_gateway_is_reached_and_only_webhooks_go_out() -> None:
    policies = {name: named(LARGE, "NetworkPolicy", name)["spec"] for name in pods(LARGE)}

    public = {
        name
        for name, policy in policies.items()
        for rule in policy["ingress"]
        for port in rule["ports"]
        if port["port"] == 8080
    }
    assert public == {"gateway"}
    assert policies["migrate"]["ingress"] == policies["migrate-after"]["ingress"] == []
    for name, policy in policies.items():
        blocks = [
            peer["ipBlock"]
            for rule in policy["egress"]
            for peer in rule.get("to", [])
            if peer.get("ipBlock", {}).get("cidr") == "0.0.0.0/0"
        ]
        assert bool(blocks) is (name in ("dispatcher", "worker"))
        for block in blocks:
            assert {"10.0.0.0/8", "169.254.0.0/16"} <= set(block["except"])


def test_services_and_monitors_select_pods_that_exist() -> None:
    labels = {
        name: each["spec"]["template"]["metadata"]["labels"]
        for name in SERVICES
        for each in [named(LARGE, "Deployment", name)]
    }
    services = [each for each in LARGE if each["kind"] == "Service"]
    for each in services:
        selector = each["spec"]["selector"]
        assert any(selector.items() <= found.items() for found in labels.values())
    monitor = named(LARGE, "ServiceMonitor", "")["spec"]["selector"]["matchLabels"]
    watched = [each for each in services if monitor.items() <= each["metadata"]["labels"].items()]
    assert {each["metadata"]["name"] for each in watched} == {
        f"angarium-{name}-internal" for name in SERVICES
    }


def test_both_ways_in_lead_to_the_gateways() -> None:
    (rule,) = named(LARGE, "Ingress", "")["spec"]["rules"]
    backend = rule["http"]["paths"][0]["backend"]["service"]
    (route,) = named(LARGE, "HTTPRoute", "")["spec"]["rules"]

    assert backend == {"name": "angarium-gateway", "port": {"name": "http"}}
    ports = named(LARGE, "Service", "gateway")["spec"]["ports"]
    assert route["backendRefs"] == [{"name": "angarium-gateway", "port": ports[0]["port"]}]


@pytest.mark.parametrize("size", SIZES)
def test_the_arithmetic_of_a_size_is_right(size: str) -> None:
    """Connections and memory that the comment claims are those that the values lead to."""
    values = read_values(size)
    most = {
        name: values[name]["autoscaling"]["maxReplicas"]
        if values[name]["autoscaling"]["enabled"]
        else values[name]["replicas"]
        for name in SERVICES
    }
    each = int(values["settings"].get("DATABASE_CONNECTIONS_MAX", DEFAULT_CONNECTIONS))
    connections = sum(count + 1 for count in most.values()) * each + FOR_OPERATORS
    redis_mib = (most["gateway"] + 1) * WINDOW_MIB * 3 + 64

    comment = (CHART / f"values-{size}.yaml").read_text()
    claimed = dict(re.findall(r"# +(Postgres connections|Redis maxmemory in MiB): (\d+)", comment))
    assert claimed == {
        "Postgres connections": str(connections),
        "Redis maxmemory in MiB": str(redis_mib),
    }
    assert str(DEFAULT_CONNECTIONS) == _default("DATABASE_CONNECTIONS_MAX")
    assert str(WINDOW_MIB * 1024 * 1024) == _default("WINDOW_BYTES")


def _default(setting: str) -> str:
    page = (REPOSITORY / "docs/reference/settings.md").read_text()
    (found,) = re.findall(rf"`ANGARIUM_{setting}` \| `(\S+)`", page)
    return str(found)
