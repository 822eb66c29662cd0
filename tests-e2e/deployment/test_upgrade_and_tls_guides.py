"""The guides to TLS and to upgrades, on one platform: every connection has TLS as the one says, and
it is brought up in the order and by the commands of the other.

`make faults` replaces processes in that order under load.
"""

import asyncio
import re
import shlex
import subprocess
from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack, ExitStack
from pathlib import Path

import httpx
import pytest
import trustme
from angarium_cli.engines import PostgresProcess, ValkeyProcess
from sqlalchemy import make_url

from ..child_process import ANGARIUM, bare_environment, run_angarium, start_process  # noqa: TID252
from ..faults.upgrade import UPWARDS  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .compose_processes import SERVICES, free_port
from .created_databases import create_databases
from .guide import GUIDES, commands
from .tls_proxy import TlsProxy, server_context, tls_proxy

PAGE = "connect-with-tls.md"
READY_TIMEOUT_S = 60.0
PASSWORD = "of-the:guide"
QUOTED = "of-the%3Aguide"


def settings_of_the_guide() -> dict[str, str]:
    """The settings of the page's shell blocks, as they stand there."""
    lines = [shlex.split(line)[0] for line in commands(PAGE)]
    return dict(line.split("=", 1) for line in lines)


class GuidedPlatform:
    """The three services, and what they need. Files of /etc/angarium are in `folder`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.authority = trustme.CA()
        self.clients = trustme.CA()
        self.postgres = PostgresProcess(folder / "postgres", fsync=False)
        (user,) = re.findall(r"^user angarium (.+)$", (GUIDES / PAGE).read_text(), re.MULTILINE)
        rules = user.replace(">password", f">{PASSWORD}")
        self.valkey = ValkeyProcess(folder / "valkey", config={"user": f"angarium {rules}"})
        self.ports = {service: free_port() for service in SERVICES}
        self.port = free_port()
        self.settings: dict[str, str] = {}
        self.running: dict[str, subprocess.Popen[bytes]] = {}
        self._internal = httpx.Client(timeout=5, trust_env=False)

    def start_engines(self, ended: ExitStack) -> None:
        for engine in (self.postgres, self.valkey):
            engine.start()
            ended.callback(engine.stop)
        create_databases(self.postgres, dict.fromkeys(SERVICES, PASSWORD))
        for name in ("redis-ca.pem", "db-ca.pem"):
            self.authority.cert_pem.write_to_path(self.folder / name)
        for name, authority, host in (
            ("tls", self.authority, "localhost"),
            ("client", self.clients, "services.example"),
        ):
            issued = authority.issue_cert(host)
            issued.cert_chain_pems[0].write_to_path(self.folder / f"{name}.crt")
            issued.private_key_pem.write_to_path(self.folder / f"{name}.key")

    def configure(self, redis: TlsProxy, database: TlsProxy) -> None:
        """Take the settings of the guide, with the files and addresses that are here."""
        places = {
            "/etc/angarium": str(self.folder),
            "redis.example.com:6380": f"localhost:{redis.port}",
            "db.example.com:5432": f"localhost:{database.port}",
            "…": QUOTED,
        }
        for name, value in settings_of_the_guide().items():
            for place, here in places.items():
                value = value.replace(place, here)
            self.settings[name] = value
        worker = self.settings["ANGARIUM_WORKER_DATABASE_URL"]
        for service in ("gateway", "dispatcher"):
            url = worker.replace("angarium_worker", f"angarium_{service}")
            self.settings[f"ANGARIUM_{service.upper()}_DATABASE_URL"] = url
        self.settings |= {
            "ANGARIUM_ENCRYPTION_KEY": "A" * 43 + "=",
            "ANGARIUM_EGRESS_ALLOWED_NETWORKS": "127.0.0.0/8",
            "ANGARIUM_ALLOW_HTTP_ENDPOINTS": "true",
            "ANGARIUM_PORT": str(self.port),
            "ANGARIUM_DRAIN_S": "0",
        }

    def start(self, service: str) -> None:
        """Start a service and wait until it is ready."""
        settings = self.settings | {"ANGARIUM_INTERNAL_PORT": str(self.ports[service])}
        path = self.folder / f"{service}.log"
        with path.open("ab") as log:
            process = start_process(
                [ANGARIUM, service], bare_environment(**settings), out=log, errors=log
            )
        self.running[service] = process

        def ready() -> bool:
            assert process.poll() is None, path.read_text()[-3_000:]
            try:
                return self._internal.get(
                    f"http://127.0.0.1:{self.ports[service]}/ready"
                ).is_success
            except httpx.TransportError:
                return False

        until(ready, READY_TIMEOUT_S, f"the {service} is ready")

    def end(self) -> None:
        for process in self.running.values():
            process.kill()
            process.wait()
        self.running.clear()
        self._internal.close()

    def command(self, line: str) -> subprocess.CompletedProcess[str]:
        return run_angarium(shlex.split(line)[1:], **self.settings)

    def client(self, key: str) -> httpx.Client:
        context = httpx.create_ssl_context(trust_env=False)
        self.authority.configure_trust(context)
        return httpx.Client(
            base_url=f"https://localhost:{self.port}/api/v1",
            headers={"authorization": f"Bearer {key}"},
            verify=context,
            timeout=60,
            trust_env=False,
        )


@pytest.fixture
async def platform(new_folder: Callable[[str], Path]) -> AsyncIterator[GuidedPlatform]:
    """Everything but the services runs, and all of it with TLS."""
    folder = new_folder("guides")
    folder.mkdir()
    platform = GuidedPlatform(folder)
    with ExitStack() as ended:
        await asyncio.to_thread(platform.start_engines, ended)
        context = server_context(platform.authority, clients=platform.clients)
        valkey, postgres = (
            make_url(url).port or 0 for url in (platform.valkey.url, platform.postgres.uri())
        )
        async with AsyncExitStack() as proxies:
            redis = await proxies.enter_async_context(tls_proxy(valkey, context))
            database = await proxies.enter_async_context(
                tls_proxy(postgres, context, postgres=True)
            )
            platform.configure(redis, database)
            ended.callback(platform.end)
            yield platform
            for proxy in (redis, database):
                assert set(proxy.clients) == {"services.example"}


def follow_the_guides(platform: GuidedPlatform) -> None:
    plan, before, after, doctor = commands("upgrade.md")
    assert "phase before" in platform.command(plan).stdout
    assert platform.command(before).returncode == 0
    order = re.findall(r"^\| \d \| (\w+)s \|", (GUIDES / "upgrade.md").read_text(), re.MULTILINE)
    assert tuple(order) == UPWARDS
    for service in order:
        platform.start(service)
    made = platform.command("angarium keys create guide --new-tenant")
    assert made.returncode == 0, made.stderr
    with WebhookReceiver() as receiver, platform.client(made.stdout.strip()) as api:
        assert api.post("/app", json={"name": "A", "uid": "guide"}).status_code == 201
        endpoint = api.post("/app/guide/endpoint", json={"url": f"{receiver.url}/ok"})
        assert endpoint.status_code == 201, endpoint.text
        posted = api.post("/app/guide/msg", json={"eventType": "a", "payload": {}})
        assert posted.status_code == 202, posted.text
        until(lambda: receiver.summary()["received"], 60, "the webhook arrives")
    assert platform.command(after).stdout.count("already at schema version") == len(SERVICES)
    examined = platform.command(doctor)
    assert examined.returncode == 0, examined.stdout + examined.stderr


async def test_a_message_is_delivered_as_the_guides_to_tls_and_upgrades_say(
    platform: GuidedPlatform,
) -> None:
    await asyncio.to_thread(follow_the_guides, platform)
