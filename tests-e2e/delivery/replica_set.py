"""Two processes of each service beside each other, as containers would run them: configured by
environment, on one Valkey and one Postgres, or one of each service."""

import asyncio
import base64
import os
import signal
import subprocess
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self
from uuid import uuid4

import httpx
from angarium_cli.dev.ports import free_ports
from angarium_cli.engines import PostgresProcess, ValkeyProcess

from ..child_process import (  # noqa: TID252 - tests are no installed package
    ANGARIUM,
    bare_environment,
    run_angarium,
    start_process,
)
from ..waiting import until  # noqa: TID252

SERVICES = ("gateway", "dispatcher", "worker")
REPLICAS = 2
_READY_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 40.0


class Replica:
    """One process of a service."""

    def __init__(self, service: str, settings: dict[str, str], log_path: Path) -> None:
        self.port, internal_port = free_ports(2)
        self.service = service
        self.log_path = log_path
        self.internal_url = f"http://127.0.0.1:{internal_port}"
        environment = bare_environment(
            **{"ANGARIUM_DRAIN_S": "0"} | settings,
            ANGARIUM_PORT=str(self.port),
            ANGARIUM_INTERNAL_PORT=str(internal_port),
        )
        with log_path.open("ab") as log:
            self.process = start_process([ANGARIUM, service], environment, out=log, errors=log)

    @property
    def url(self) -> str:
        """Of the API, for a gateway."""
        return f"http://127.0.0.1:{self.port}"

    def await_ready(self, client: httpx.Client) -> None:
        """Wait until it says that it can work."""

        def ready() -> bool:
            assert self.process.poll() is None, self.log_path.read_text()[-3_000:]
            try:
                # A gateway is ready a moment before it listens to clients.
                if self.service == "gateway":
                    client.get(f"{self.url}/api/v1/health/ping")
                return client.get(f"{self.internal_url}/ready").status_code == 200
            except httpx.TransportError:
                return False

        until(ready, _READY_TIMEOUT_S, f"a {self.service} is ready")

    def stop(self) -> int:
        """Stop it in order; gives the exit status."""
        self.process.send_signal(signal.SIGTERM)
        return self.process.wait(_STOP_TIMEOUT_S)


class ReplicaSet:
    """Gateways, dispatchers and workers, two each by default; `with` starts and ends them.

    `postgres` has the databases of all services, or is one server of each. `through` makes of the
    URL of a database what the services get. `settings` are for all of them.
    """

    def __init__(
        self,
        folder: Path,
        postgres: PostgresProcess | Mapping[str, PostgresProcess],
        *,
        replicas: int = REPLICAS,
        through: Callable[[str], str] = str,
        **settings: str,
    ) -> None:
        self._given = settings
        self._count = replicas
        self._folder = folder
        self._servers = (
            postgres if isinstance(postgres, Mapping) else dict.fromkeys(SERVICES, postgres)
        )
        self._through = through
        self._valkey = ValkeyProcess(folder / "valkey", append_only=False)
        self._replicas: list[Replica] = []
        self._settings: dict[str, str] = {}
        self._ended = ExitStack()
        self.key = ""

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            undo.callback(self._end)
            self._valkey.start()
            self._settings = self._common_settings()
            migrated = run_angarium(["migrate", "all"], **self._settings)
            assert migrated.returncode == 0, migrated.stderr
            made = run_angarium(["keys", "create", "replicas", "--new-tenant"], **self._settings)
            assert made.returncode == 0, made.stderr
            self.key = made.stdout.strip()
            self.complete()
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    @property
    def redis_url(self) -> str:
        """Of the Valkey that all use."""
        return self._valkey.url

    def of(self, service: str) -> list[Replica]:
        """Those of a service that run."""
        return [
            replica
            for replica in self._replicas
            if replica.service == service and replica.process.poll() is None
        ]

    def complete(self) -> None:
        """Start what is missing of each service, and wait until all are ready."""
        missing = [
            service for service in SERVICES for _ in range(self._count - len(self.of(service)))
        ]
        started = [self._start(service) for service in missing]
        with httpx.Client(timeout=5, trust_env=False) as client:
            for replica in started:
                replica.await_ready(client)

    @property
    def settings(self) -> dict[str, str]:
        """The environment of every process."""
        return dict(self._settings)

    @contextmanager
    def roll(self, **settings: str) -> Iterator[list[Replica]]:
        """Change settings: give one new process of each service once all are ready, then stop the
        earlier ones in order."""
        self._settings |= settings
        earlier = [replica for service in SERVICES for replica in self.of(service)]
        started = [self._start(service) for service in SERVICES]
        with httpx.Client(timeout=5, trust_env=False) as client:
            for replica in started:
                replica.await_ready(client)
        yield started
        for replica in earlier:
            assert replica.stop() == 0, replica.log_path.read_text()[-3_000:]

    def _start(self, service: str) -> Replica:
        path = self._folder / f"{service}-{len(self._replicas)}.log"
        self._replicas.append(Replica(service, self._settings, path))
        return self._replicas[-1]

    def _common_settings(self) -> dict[str, str]:
        urls = {}
        for service in SERVICES:
            name = f"replicas_{service}_{uuid4().hex[:8]}"
            server = self._servers[service]
            asyncio.run(server.create_database(name))
            self._ended.callback(_drop_database, server, name)
            urls[f"ANGARIUM_{service.upper()}_DATABASE_URL"] = self._through(
                server.uri(name, driver="asyncpg")
            )
        return urls | {
            "ANGARIUM_REDIS_URL": self._valkey.url,
            "ANGARIUM_ENCRYPTION_KEY": base64.b64encode(os.urandom(32)).decode(),
            "ANGARIUM_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
            "ANGARIUM_ALLOW_HTTP_ENDPOINTS": "true",
            "ANGARIUM_ENTRY_LEASE_S": "2",
            "ANGARIUM_DATABASE_CONNECTIONS_MAX": "4",
            **self._given,
        }

    def _end(self) -> None:
        for replica in self._replicas:
            if replica.process.poll() is None:
                replica.process.terminate()
        for replica in self._replicas:
            try:
                replica.process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                replica.process.kill()
                replica.process.wait()
        self._valkey.stop()
        self._ended.close()


def _drop_database(server: PostgresProcess, name: str) -> None:
    asyncio.run(server.drop_database(name))
