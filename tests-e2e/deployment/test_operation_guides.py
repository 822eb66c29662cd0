"""What the guides of operation name exists: commands, files, values of the chart, resources."""

import re
import shlex
from itertools import pairwise

import jsonschema
import pytest
import typer
import yaml
from angarium_chassis.known_settings import unknown_settings
from angarium_cli.main import app

from .chart import CHART, SIZES, read_values, rendered
from .compose_file import REPOSITORY
from .guide import GUIDES, blocks, commands
from .test_chart import SCHEMA

PAGES = (
    "run-with-docker-compose.md",
    "run-on-kubernetes.md",
    "run-behind-a-proxy.md",
    "size.md",
    "back-up-and-restore.md",
    "rotate-secrets.md",
    "upgrade.md",
    "connect-with-tls.md",
    "use-the-command-line.md",
    "develop-with-listen.md",
)
COMPOSE = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
CLI = typer.main.get_command(app)
PATH = re.compile(r"(?:deploy|\.github|docs)/[\w./-]*[\w-]")


@pytest.mark.parametrize("page", PAGES)
def test_files_that_a_page_names_exist(page: str) -> None:
    for path in PATH.findall((GUIDES / page).read_text()):
        assert (REPOSITORY / path).exists(), path


@pytest.mark.parametrize("page", PAGES)
def test_commands_of_angarium_exist(page: str) -> None:
    for line in commands(page):
        _, found, arguments = line.partition("angarium ")
        if not found or not re.search(r"(^|-- |gateway )angarium ", line):
            continue
        command = CLI
        for before, word in pairwise(["", *shlex.split(arguments.split("|")[0])]):
            subcommands = getattr(command, "commands", {})
            if word.startswith("-"):
                options = [
                    option
                    for each in command.params
                    for option in (*each.opts, *each.secondary_opts)
                ]
                assert word in options, line
            elif subcommands and not before.startswith("--"):
                command = subcommands[word]


@pytest.mark.parametrize("page", PAGES)
def test_settings_that_a_page_names_exist(page: str) -> None:
    text = (GUIDES / page).read_text()
    named = set(re.findall(r"\bANGARIUM_[A-Z_]*[A-Z]\b", text))

    assert unknown_settings(dict.fromkeys(named - {"ANGARIUM_SITE"}, "")) == []


def test_compose_commands_name_services_and_profiles_that_exist() -> None:
    profiles = {each for one in COMPOSE["services"].values() for each in one.get("profiles", [])}
    named = commands("run-with-docker-compose.md")

    compose = [line for line in named if line.startswith("docker compose")]
    assert len(compose) >= 6
    for line in compose:
        assert set(re.findall(r"--profile (\w+)", line)) <= profiles
        services = re.findall(r"--scale (\w+)=|exec (\w+)|up --wait (\w+)", line)
        for service in filter(None, (name for names in services for name in names)):
            assert service in COMPOSE["services"], line


def test_values_of_the_kubernetes_guide_fit_the_chart() -> None:
    examples = blocks("run-on-kubernetes.md", "yaml")

    assert len(examples) == 3
    for example in examples:
        values = {"secret": {"name": "angarium"}} | yaml.safe_load(example)
        jsonschema.validate(values, SCHEMA)
    # Every value of the running text is a value of the chart.
    text = (GUIDES / "run-on-kubernetes.md").read_text()
    for path in re.findall(
        r"`((?:ingress|gatewayApi|networkPolicy|serviceMonitor|keda)\.\w+)", text
    ):
        section, name = path.split(".")
        assert name in read_values("small")[section], path


def test_the_container_that_rotates_the_key_under_compose_has_every_setting_it_needs() -> None:
    (line,) = [each for each in commands("rotate-secrets.md") if each.startswith("docker compose")]
    *_, service, group, command = line.split()

    assert command in CLI.commands[group].commands  # type: ignore[attr-defined]
    assert set(COMPOSE["services"][service]["environment"]) >= {
        "ANGARIUM_ENCRYPTION_KEY",
        "ANGARIUM_ENCRYPTION_KEY_FALLBACKS",
        "ANGARIUM_REDIS_URL",
        *(f"ANGARIUM_{each}_DATABASE_URL" for each in ("GATEWAY", "DISPATCHER", "WORKER")),
    }


def test_the_job_that_rotates_the_key_on_kubernetes_has_every_setting_it_needs() -> None:
    values, job = (yaml.safe_load(block) for block in blocks("rotate-secrets.md", "yaml"))
    jsonschema.validate(values, SCHEMA)
    pod = job["spec"]["template"]["spec"]
    (container,) = pod["containers"]
    keys = yaml.safe_load((CHART / "values.yaml").read_text())["secret"]["keys"]
    keys |= values["secret"]["keys"]
    mounted = {each["value"].rpartition("/")[2] for each in container["env"]}

    assert mounted == {key for key in keys.values() if key}
    assert unknown_settings({each["name"]: "" for each in container["env"]}) == []
    command = CLI
    for word in container["args"]:
        command = getattr(command, "commands", {})[word]


def test_the_kubernetes_guide_names_resources_and_keys_that_exist() -> None:
    named = "\n".join(commands("run-on-kubernetes.md"))
    names = {
        f"{each['kind'].lower()}/{each['metadata']['name']}"
        for size in SIZES
        for each in rendered(size)
    }

    assert set(re.findall(r"(?:deployment|job)/[\w-]+", named)) <= names
    keys = yaml.safe_load((CHART / "values.yaml").read_text())["secret"]["keys"]
    created = set(re.findall(r"--from-literal=([\w-]+)=", named))
    assert created == {key for key in keys.values() if key}


def test_the_table_of_sizes_is_that_of_the_charts_values() -> None:
    table: dict[str, str] = dict(
        re.findall(r"^\| ([^|]+?) \| (.+) \|$", (GUIDES / "size.md").read_text(), re.MULTILINE)
    )
    for number, size in enumerate(SIZES):
        values = read_values(size)
        comment = (CHART / f"values-{size}.yaml").read_text()

        def cell(row: str, column: int = number) -> str:
            return table[row].split(" | ")[column]

        for service in ("gateway", "dispatcher", "worker"):
            scaling = values[service]["autoscaling"]
            fixed = str(values[service]["replicas"])
            span = f"{scaling['minReplicas']} to {scaling['maxReplicas']}"
            assert cell(f"{service}s") == (span if scaling["enabled"] else fixed)
        streams = values["settings"].get("STREAM_COUNT", "1")
        assert cell("streams (`ANGARIUM_STREAM_COUNT`)") == streams
        assert f"Postgres connections: {cell('connections to Postgres')}\n" in comment
        mebibytes = cell("`maxmemory` of Redis").removesuffix(" MiB")
        assert f"Redis maxmemory in MiB: {mebibytes}\n" in comment


def test_the_proxies_of_the_guide_are_the_files_that_tests_run() -> None:
    text = (GUIDES / "run-behind-a-proxy.md").read_text()

    included = re.findall(r'--8<-- "(.+)"', text)
    assert included == ["proxy/nginx.conf", "proxy/Caddyfile"]
    assert all((REPOSITORY / "deploy" / path).is_file() for path in included)
