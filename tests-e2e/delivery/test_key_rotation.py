"""The encryption key is rotated on a running platform: its clients and receivers notice nothing."""

import base64
import json
import os
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from uuid import uuid4

import httpx
import pytest
from angarium_chassis.sealing import Seal
from angarium_cli.engines import PostgresProcess
from angarium_cli.failure import CommandFailed
from angarium_cli.main import app
from typer.testing import CliRunner, Result

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import api_client  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .replica_set import SERVICES, ReplicaSet
from .webhook_checks import verify_with_both_packages

ENDPOINTS = 3
TIMEOUT_S = 400
"""Only a failure takes so long. A busy machine starts ten processes slowly."""
_PAUSE_S = 0.1


def a_key() -> str:
    return base64.b64encode(os.urandom(32)).decode()


@pytest.fixture(scope="module")
def platform(new_folder: Callable[[str], Path], postgres: PostgresProcess) -> Iterator[ReplicaSet]:
    folder = new_folder("rotation")
    # The first step is done: every process has the next key as a fallback.
    with ReplicaSet(
        folder, postgres, replicas=1, ANGARIUM_ENCRYPTION_KEY_FALLBACKS=a_key()
    ) as running:
        yield running


class Client:
    """Posts messages to whichever gateway runs, and counts what was accepted."""

    def __init__(self, platform: ReplicaSet, path: str) -> None:
        self._key, self._path = platform.key, path
        self.accepted: set[str] = set()
        self.refused: list[str] = []
        self.url = platform.of("gateway")[0].url

    @contextmanager
    def posting(self) -> Iterator[None]:
        ended = threading.Event()
        with ThreadPoolExecutor(1) as pool:
            posted = pool.submit(self._post, ended)
            try:
                yield
            finally:
                ended.set()
            posted.result()

    def _post(self, ended: threading.Event) -> None:
        headers = {"authorization": f"Bearer {self._key}"}
        # A connection of its own for each message, so that none is to a gateway that leaves.
        limits = httpx.Limits(max_keepalive_connections=0)
        with httpx.Client(headers=headers, limits=limits, timeout=30, trust_env=False) as client:
            while not ended.wait(_PAUSE_S):
                url = f"{self.url}/api/v1{self._path}/msg"
                try:
                    posted = client.post(url, json={"eventType": "a", "payload": {}})
                except httpx.ConnectError:
                    continue  # It left in this moment: a proxy would take another.
                if posted.status_code == 202:
                    self.accepted.add(posted.json()["id"])
                else:
                    self.refused.append(posted.text)


def command(platform: ReplicaSet, *arguments: str, **settings: str) -> Result:
    """The output of `angarium …`, run in this process, where its imports are paid for once."""
    return CliRunner().invoke(app, [*arguments], env=platform.settings | settings)


def status(platform: ReplicaSet) -> dict[str, dict[str, Any]]:
    """The keys by their use."""
    done = command(platform, "encryption", "status", "--json")
    assert done.exit_code == 0, done.exception
    return {each["role"]: each for each in json.loads(done.stdout)["keys"]}


def refused_start(platform: ReplicaSet, service: str, key: str) -> str:
    """The line with which a service that has only this key refuses to start."""
    keys = {"ANGARIUM_ENCRYPTION_KEY": key, "ANGARIUM_ENCRYPTION_KEY_FALLBACKS": ""}
    done = run_angarium([service], **platform.settings | keys)
    assert done.returncode != 0
    assert key not in done.stdout + done.stderr
    return done.stderr.splitlines()[-1]


@pytest.mark.timeout(TIMEOUT_S)
def test_the_key_is_rotated_under_load_and_the_old_one_is_removed(
    platform: ReplicaSet, receiver: WebhookReceiver
) -> None:
    old = platform.settings["ANGARIUM_ENCRYPTION_KEY"]
    new = platform.settings["ANGARIUM_ENCRYPTION_KEY_FALLBACKS"]
    old_id, new_id = (Seal.from_base64(each).key_id for each in (old, new))
    with api_client(platform.of("gateway")[0].url, platform.key) as api:
        path = f"/app/{api.post('/app', json={'name': 'A'}).json()['id']}"
        stored = {"idempotency-key": uuid4().hex}
        made = [
            api.post(
                f"{path}/endpoint",
                json={"url": f"{receiver.url}/ok/{number}", "headers": {"X-Number": str(number)}},
                headers=stored if number == 0 else {},
            ).json()
            for number in range(ENDPOINTS)
        ]
        secrets = [api.get(f"{path}/endpoint/{each['id']}/secret").json()["key"] for each in made]
    client = Client(platform, path)

    with client.posting():
        first = status(platform)["fallback"]
        assert (first["needed_by"], first["encrypting"], first["decrypting"]) == ([], 0, 3)

        keys = {"ANGARIUM_ENCRYPTION_KEY": new, "ANGARIUM_ENCRYPTION_KEY_FALLBACKS": old}
        mixed = command(platform, "encryption", "rotate", **keys)
        assert isinstance(mixed.exception, CommandFailed)
        assert f"still encrypts with key {old_id}, not with {new_id}" in str(mixed.exception)
        with platform.roll(**keys) as started:
            client.url = started[0].url
        assert status(platform)["fallback"]["needed_by"] == list(SERVICES)
        assert f"not set ({old_id}); add" in refused_start(platform, "dispatcher", new)

        rotated = command(platform, "encryption", "rotate")
        assert rotated.exit_code == 0, (rotated.output, rotated.exception)
        assert "dispatcher: 6 secrets encrypted again; all are under the" in rotated.stdout
        assert "worker: 6 secrets encrypted again; all are under the" in rotated.stdout
        again = command(platform, "encryption", "rotate")
        assert again.stdout.count(": 0 secrets encrypted again; all are under the") == 3
        uses = status(platform)
        assert (uses["current"]["id"], uses["fallback"]["id"]) == (new_id, old_id)
        assert uses["current"]["secrets"]["worker"] == 2 * ENDPOINTS
        assert uses["fallback"]["needed_by"] == []
        assert set(uses["fallback"]["secrets"].values()) == {0}
        doctor = command(platform, "doctor", "--json")
        assert f"No database needs the fallback {old_id}." in doctor.stdout

        with platform.roll(ANGARIUM_ENCRYPTION_KEY_FALLBACKS="") as started:
            client.url = started[0].url

    with api_client(client.url, platform.key) as api:
        for endpoint, secret in zip(made, secrets, strict=True):
            its = f"{path}/endpoint/{endpoint['id']}"
            assert api.get(f"{its}/secret").json()["key"] == secret
            assert api.get(f"{its}/headers").json()["headers"] == {
                "X-Number": str(made.index(endpoint))
            }
        replayed = api.post(
            f"{path}/endpoint",
            json={"url": f"{receiver.url}/ok/0", "headers": {"X-Number": "0"}},
            headers=stored,
        )
        assert replayed.json() == made[0]
    assert client.refused == []
    assert client.accepted
    for number, secret in enumerate(secrets):
        receiver.wait_for_ids(client.accepted, path=f"/ok/{number}")
        entries = receiver.entries(f"/ok/{number}")
        assert len(entries) == len(client.accepted)
        for entry in entries:
            verify_with_both_packages(entry, secret)
