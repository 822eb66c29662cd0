"""Streams of events on two replicas of each service, with what breaks them."""

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest
import redis
from angarium_cli.engines import PostgresProcess

from ..dev_platform import api_client  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .replica_set import Replica, ReplicaSet

type Event = tuple[str, str, str]
"""Position, type, and the message of an attempt or else the id of the subject."""


@pytest.fixture(scope="module")
def replicas(new_folder: Callable[[str], Path], postgres: PostgresProcess) -> Iterator[ReplicaSet]:
    with ReplicaSet(new_folder("streams"), postgres) as running:
        yield running


@contextmanager
def listening(gateway: Replica, key: str, path: str, **headers: str) -> Iterator[Iterator[Event]]:
    """The events of a stream, as they come; it is closed at the end."""
    authorization = {"authorization": f"Bearer {key}"}
    with (
        httpx.Client(timeout=60, trust_env=False) as client,
        client.stream("GET", f"{gateway.url}/api/v1{path}", headers=authorization | headers) as got,
    ):
        assert got.status_code == 200, got.read()
        lines = got.iter_lines()
        assert next(lines).startswith("retry:")
        yield _events(lines)


def _events(lines: Iterator[str]) -> Iterator[Event]:
    fields: dict[str, str] = {}
    for line in lines:
        name, _, value = line.partition(": ")
        if line:
            fields[name] = value
        elif "data" in fields:
            data = json.loads(fields["data"])
            yield fields["id"], fields["event"], data.get("msgId", data["id"])
            fields = {}
        else:
            fields = {}


def take(events: Iterator[Event], wanted: set[tuple[str, str]]) -> str:
    """Read until all of these types and ids have come; the last position."""
    position = ""
    while wanted:
        position, kind, subject = next(events)
        wanted.discard((kind, subject))
    return position


def outcomes(messages: set[str]) -> set[tuple[str, str]]:
    """The events of messages that are delivered at the first attempt."""
    kinds = ("message.accepted", "attempt.succeeded")
    return {(kind, message) for kind in kinds for message in messages}


class Application:
    """An application with one endpoint."""

    def __init__(self, api: httpx.Client, receiver: WebhookReceiver) -> None:
        self._api = api
        self.path = f"/app/{api.post('/app', json={'name': 'A'}).json()['id']}"
        made = api.post(f"{self.path}/endpoint", json={"url": f"{receiver.url}/ok"})
        self.endpoint = str(made.json()["id"])

    def post(self, count: int) -> set[str]:
        body = {"eventType": "a", "payload": {}}
        answers = [self._api.post(f"{self.path}/msg", json=body) for _ in range(count)]
        return {str(answer.json()["id"]) for answer in answers}

    def change(self) -> tuple[str, str]:
        path = f"{self.path}/endpoint/{self.endpoint}"
        assert self._api.patch(path, json={"description": "d"}).status_code == 200
        return "endpoint.changed", self.endpoint


def test_a_listener_that_comes_back_after_faults_misses_nothing(
    replicas: ReplicaSet, receiver: WebhookReceiver
) -> None:
    one, other = replicas.of("gateway")
    with api_client(one.url, replicas.key) as api:
        app = Application(api, receiver)
        with (
            listening(one, replicas.key, f"{app.path}/events") as here,
            listening(other, replicas.key, "/events") as there,
        ):
            wanted = outcomes(app.post(10)) | {app.change()}
            take(there, set(wanted))
            position = take(here, set(wanted))
        # Nobody listens while Redis loses everything and a gateway and a worker are killed.
        with redis.Redis.from_url(replicas.redis_url) as client:
            client.flushall()
        missed = outcomes(app.post(10)) | {app.change()}
        for killed in (other, replicas.of("worker")[0]):
            killed.process.kill()
            killed.process.wait()
        back = {"last-event-id": position}
        with listening(one, replicas.key, f"{app.path}/events", **back) as again:
            take(again, missed)
            take(again, outcomes(app.post(5)))
    replicas.complete()


def test_a_listener_that_reads_late_gets_everything(
    replicas: ReplicaSet, receiver: WebhookReceiver
) -> None:
    (gateway, *_) = replicas.of("gateway")
    with api_client(gateway.url, replicas.key) as api:
        app = Application(api, receiver)
        with listening(gateway, replicas.key, f"{app.path}/events") as events:
            take(events, outcomes(app.post(300)))


def test_a_revoked_key_ends_the_stream(replicas: ReplicaSet) -> None:
    (gateway, *_) = replicas.of("gateway")
    with api_client(gateway.url, replicas.key) as api:
        key = api.post("/api-key", json={"name": "k", "scope": "read"}).json()
        with listening(gateway, key["token"], "/events") as events:
            assert api.delete(f"/api-key/{key['id']}").status_code == 204
            assert list(events) == []
