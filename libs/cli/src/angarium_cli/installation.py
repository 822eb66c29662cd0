"""The platform that a command examines: this environment's, or a running `angarium dev`."""

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import psutil
from angarium_chassis.settings import ServiceSettings, SettingsRefused

from angarium_cli.dev.environment import Addresses, service_environment
from angarium_cli.failure import CommandFailed
from angarium_cli.services import SERVICES, ServiceName, settings_class

DATA_DIR = Path(".angarium")
_STATE_BYTES_MAX = 64 * 1024


@dataclass(frozen=True, slots=True)
class Installation:
    """The environment of each service.

    `internal_ports` are known under `angarium dev` only. `problem` is a fault of the platform as a
    whole, such as an `angarium dev` that was killed.
    """

    name: str
    environments: Mapping[ServiceName, Mapping[str, str]] = field(repr=False)
    internal_ports: Mapping[str, int] = field(default_factory=dict)
    problem: str | None = None

    @property
    def services(self) -> tuple[ServiceName, ...]:
        """The services to examine."""
        return tuple(self.environments)

    def settings(self, service: ServiceName) -> ServiceSettings:
        """The settings as the service reads them. Raises `SettingsRefused`."""
        with _environment(self.environments[service]):
            return settings_class(service).load(service)

    def settings_or_refusal(self, service: ServiceName) -> ServiceSettings:
        """The settings; raises CommandFailed instead."""
        try:
            return self.settings(service)
        except SettingsRefused as refusal:
            first = str(refusal).partition("\n")[0]
            raise CommandFailed(f"the {service}'s settings: {first}") from None


def find_installation(
    environment: Mapping[str, str],
    data_dir: Path | None,
    services: tuple[ServiceName, ...] = SERVICES,
) -> Installation:
    """The platform of `data_dir` if given, else of ANGARIUM_… variables, else of `.angarium` here.

    Raises CommandFailed if there is none.
    """
    if data_dir is not None:
        return _of_data_folder(environment, data_dir.absolute(), services)
    if names_databases(environment):
        environments = {service: dict(environment) for service in services}
        return Installation("the ANGARIUM_… settings of this environment", environments)
    if (DATA_DIR / "dev.json").exists():
        return _of_data_folder(environment, DATA_DIR.absolute(), services)
    raise CommandFailed(
        "no platform found: start `angarium dev` and run this command beside its data folder (or"
        " name the folder with --data-dir), or set ANGARIUM_GATEWAY_DATABASE_URL,"
        " ANGARIUM_DISPATCHER_DATABASE_URL, ANGARIUM_WORKER_DATABASE_URL and ANGARIUM_REDIS_URL"
    )


def names_databases(environment: Mapping[str, str]) -> bool:
    """True if an environment has the URL of a database, or names a file with it."""
    names = ("DATABASE_URL", *(f"{service.upper()}_DATABASE_URL" for service in SERVICES))
    return any(
        environment.get(f"ANGARIUM_{name}{suffix}") for name in names for suffix in ("", "_FILE")
    )


def _of_data_folder(
    environment: Mapping[str, str], folder: Path, services: tuple[ServiceName, ...]
) -> Installation:
    state = _state(folder)
    try:
        api = urlsplit(state["api_url"])
        ports = {name: urlsplit(url).port or 0 for name, url in state["internal_urls"].items()}
        addresses = Addresses(
            host=api.hostname or "127.0.0.1",
            port=api.port or 0,
            redis_url=state["redis_url"],
            database_urls=state["database_urls"],
            internal_ports=ports,
        )
        environments = {
            service: service_environment(
                service,
                environment,
                addresses,
                encryption_key_path=folder / "encryption-key",
                log_format="json",
                demo=False,
            )
            for service in services
        }
        runs = psutil.pid_exists(int(state["pids"]["dev"]))
    except (KeyError, TypeError, ValueError, AttributeError):
        raise CommandFailed(
            f"{folder / 'dev.json'} cannot be read; start `angarium dev` again"
        ) from None
    problem = None if runs else "`angarium dev` was killed; start it again"
    return Installation(f"`angarium dev` in {folder}", environments, ports, problem)


def _state(folder: Path) -> dict[str, Any]:
    try:
        with (folder / "dev.json").open("rb") as file:
            found: dict[str, Any] = json.loads(file.read(_STATE_BYTES_MAX))
    except FileNotFoundError:
        raise CommandFailed(
            f"`angarium dev` does not run on {folder}; start it, or name its folder with --data-dir"
        ) from None
    except (OSError, ValueError) as error:
        raise CommandFailed(f"{folder / 'dev.json'} cannot be read: {error}") from None
    return found


@contextmanager
def _environment(values: Mapping[str, str]) -> Iterator[None]:
    """Replace this process's environment, which services read their settings from."""
    kept = dict(os.environ)
    os.environ.clear()
    os.environ.update(values)
    try:
        yield
    finally:
        os.environ.clear()
        os.environ.update(kept)
