"""The services of docker-compose.yml as processes: the same commands and environment, with
addresses on loopback instead of the names of containers.

Replicas of a service listen on the same port of different addresses (127.1.0.1 and on), as
containers do.
"""

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Self

import httpx
from angarium_cli.engines import PostgresProcess, ValkeyProcess

from ..child_process import ANGARIUM, bare_environment, start_process  # noqa: TID252
from ..waiting import until  # noqa: TID252
from .compose_file import environment_of_the_image, read_compose
from .created_databases import create_databases

SERVICES = ("gateway", "dispatcher", "worker")
_READY_TIMEOUT_S = 60.0
_STOP_TIMEOUT_S = 40.0
_RUN_TIMEOUT_S = 120.0


class ComposeProcesses:
    """The services of the compose file, with `scale` replicas of each; `with` ends them.

    `settings` stand for the file settings.env.
    """

    def __init__(
        self,
        folder: Path,
        variables: Mapping[str, str],
        *,
        scale: Mapping[str, int],
        **settings: str,
    ) -> None:
        self.compose = read_compose(variables)
        self.port = free_port()
        self.internal_port = free_port()
        self._folder = folder
        self._scale = scale
        self._settings = settings
        self._ended = ExitStack()
        self._numbers: dict[str, int] = {}
        self._replicas: dict[str, subprocess.Popen[bytes]] = {}
        self._postgres = PostgresProcess(folder / "postgres", fsync=False)
        self._valkey = self._valkey_of_compose()

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            undo.callback(self._end)
            for engine in (self._postgres, self._valkey):
                engine.start()
                self._ended.callback(engine.stop)
            self._create_databases()
            migrated = self.run("migrate", self.compose["services"]["migrate"]["command"])
            assert migrated.returncode == 0, migrated.stderr
            for service, count in self._scale.items():
                for _ in range(count):
                    self.add_replica(service)
            for address, service in self.addresses().items():
                self.await_healthy(address, service)
            undo.pop_all()
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def addresses(self) -> dict[str, str]:
        """The service at each address that runs."""
        return {
            address: next(name for name in self._scale if address.startswith(_network(name)))
            for address, process in self._replicas.items()
            if process.poll() is None
        }

    def gateways(self) -> list[str]:
        return [address for address, name in self.addresses().items() if name == "gateway"]

    def internal_url(self, address: str) -> str:
        """The URL of a replica's internal port."""
        return f"http://{address}:{self.internal_port}"

    def log(self, address: str) -> str:
        """The log of the replica."""
        (service,) = [name for name in self._scale if address.startswith(_network(name))]
        return (self._folder / f"{service}-{address.rpartition('.')[2]}.log").read_text()

    def add_replica(self, service: str) -> str:
        """Start one more, as `--scale` does; gives its address."""
        number = self._numbers.setdefault(service, 0) + 1
        self._numbers[service] = number
        address = f"{_network(service)}{number}"
        command = [ANGARIUM, *self.compose["services"][service]["command"]]
        with (self._folder / f"{service}-{number}.log").open("ab") as log:
            self._replicas[address] = start_process(
                command, self.environment(service, address), out=log, errors=log
            )
        return address

    def await_healthy(self, address: str, service: str) -> None:
        """Wait until a replica is ready, and check that the container's healthcheck says so."""

        def ready() -> bool:
            assert self._replicas[address].poll() is None, self.log(address)[-3_000:]
            try:
                url = f"{self.internal_url(address)}/ready"
                return httpx.get(url, timeout=5, trust_env=False).is_success
            except httpx.TransportError:
                return False

        until(ready, _READY_TIMEOUT_S, f"the {service} at {address} is ready")
        program, *arguments = self.compose["services"][service]["healthcheck"]["test"][1:]
        assert program == "python"
        # The container asks its own loopback.
        asked = [each.replace("127.0.0.1", address) for each in arguments]
        subprocess.run(
            [sys.executable, "-S", *asked],
            env=self.environment(service, address),
            capture_output=True,
            timeout=30,
            check=True,
        )

    def kill(self, address: str) -> None:
        """End a replica at once, and its open connections with it."""
        self._replicas[address].kill()
        self._replicas[address].wait()

    @contextmanager
    def frozen(self, address: str) -> Iterator[None]:
        """A replica that does nothing meanwhile."""
        self._replicas[address].send_signal(signal.SIGSTOP)
        try:
            yield
        finally:
            self._replicas[address].send_signal(signal.SIGCONT)

    @property
    def redis_url(self) -> str:
        return self._valkey.url

    def stop(self, address: str) -> int:
        """Stop a replica as `docker compose stop` does; gives its exit status."""
        self._replicas[address].send_signal(signal.SIGTERM)
        return self._replicas[address].wait(_STOP_TIMEOUT_S)

    def run(self, service: str, arguments: list[str]) -> subprocess.CompletedProcess[str]:
        """Run `angarium …` to its end, as `docker compose run` or `exec` does."""
        return subprocess.run(
            [ANGARIUM, *arguments],
            env=self.environment(service, "127.0.0.1"),
            capture_output=True,
            text=True,
            timeout=_RUN_TIMEOUT_S,
            check=False,
        )

    def environment(self, service: str, address: str) -> dict[str, str]:
        """Of the image, of settings.env and of the compose file, in this order."""
        given = environment_of_the_image() | self._settings
        given |= self.compose["services"][service]["environment"]
        given |= {
            "ANGARIUM_HOST": address,
            "ANGARIUM_PORT": str(self.port),
            "ANGARIUM_INTERNAL_HOST": address,
            "ANGARIUM_INTERNAL_PORT": str(self.internal_port),
        }
        return bare_environment(**{name: self._on_loopback(each) for name, each in given.items()})

    def _on_loopback(self, value: str) -> str:
        """Put the engines' addresses for the names of their containers."""
        server = self._postgres.uri().rpartition("@")[2].partition("/")[0]
        valkey = self._valkey.url.rpartition("//")[2].partition("/")[0]
        return value.replace("@postgres:5432", f"@{server}").replace("//valkey:6379", f"//{valkey}")

    def _valkey_of_compose(self) -> ValkeyProcess:
        program, *options = self.compose["services"]["valkey"]["command"]
        assert program == "valkey-server"
        pairs = zip(options[::2], options[1::2], strict=True)
        config = {name.removeprefix("--"): value for name, value in pairs}
        return ValkeyProcess(self._folder / "valkey", config=config)

    def _create_databases(self) -> None:
        """As the Postgres image does; its superuser has another name here."""
        given = self.compose["services"]["postgres"]["environment"]
        passwords = {name: given[f"POSTGRES_{name.upper()}_PASSWORD"] for name in SERVICES}
        create_databases(self._postgres, passwords)

    def _end(self) -> None:
        for process in self._replicas.values():
            if process.poll() is None:
                process.terminate()
        for process in self._replicas.values():
            try:
                process.wait(_STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
        self._ended.close()


def _network(service: str) -> str:
    """The replicas of a service are in a network of its own: 127.1.0.0/24 and on."""
    return f"127.{SERVICES.index(service) + 1}.0."


def free_port() -> int:
    with socket.create_server(("", 0)) as probe:
        return int(probe.getsockname()[1])
