"""Each service's database on a Postgres of its own."""

import json
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
from angarium_cli.engines import PostgresProcess

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import api_client  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .replica_set import SERVICES, ReplicaSet


@pytest.fixture
def servers(new_folder: Callable[[str], Path]) -> Iterator[dict[str, PostgresProcess]]:
    """A server of each service."""
    with ExitStack() as stopped:
        found = {}
        for service in SERVICES:
            folder = new_folder(service)
            found[service] = server = PostgresProcess(folder, fsync=False)
            server.start()
            stopped.callback(server.stop)
        yield found


def test_each_service_has_a_server_of_its_own(
    servers: dict[str, PostgresProcess],
    new_folder: Callable[[str], Path],
    receiver: WebhookReceiver,
) -> None:
    folder = new_folder("servers")
    with ReplicaSet(folder, servers, replicas=1) as platform:
        (gateway,) = platform.of("gateway")
        with api_client(gateway.url, platform.key) as api:
            created = api.post("/app", json={"name": "A"}).raise_for_status().json()
            app = f"/app/{created['id']}"
            api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"}).raise_for_status()

            def post() -> str:
                posted = api.post(f"{app}/msg", json={"eventType": "a.b", "payload": {}})
                return str(posted.raise_for_status().json()["id"])

            receiver.wait_for_ids({post()})
            doctor = run_angarium(["doctor", "--json"], **platform.settings)
            about = [
                each["sentence"]
                for each in json.loads(doctor.stdout)["findings"]
                if each["subject"] == "database connections"
            ]
            assert len(about) == len(SERVICES), doctor.stdout
            assert all(f"the server of {each} are in use" in " ".join(about) for each in SERVICES)

            servers["worker"].kill()
            servers["dispatcher"].kill()
            waiting = {post() for _ in range(5)}
            for name in ("dispatcher", "worker"):
                servers[name].start()
            receiver.wait_for_ids(waiting)
