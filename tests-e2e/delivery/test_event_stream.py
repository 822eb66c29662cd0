"""Streams of events on two replicas of each service, with what breaks them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
import redis
from angarium_cli.engines import PostgresProcess

from ..dev_platform import api_client  # noqa: TID252 - tests are no installed package
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .replica_set import Replica, ReplicaSet

type Event = tuple[str, str, str]
"""Position, type, and id of the subject."""


@pytest.fixture(scope="module")
def replicas(engines_folder: Path, postgres: PostgresProcess) -> Iterator[ReplicaSet]:
    with ReplicaSet(engines_folder / f"streams-{uuid4().hex}", postgres) as running:
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
            yield fields["id"], fields["event"], json.loads(fields["data"])["id"]
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


def test_events_of_all_replicas_reach_every_listener_across_faults(
    replicas: ReplicaSet, receiver: WebhookReceiver
) -> None:
    one, other = replicas.of("gateway")
    with api_client(one.url, replicas.key) as api:
        app = api.post("/app", json={"name": "A"}).json()["id"]
        endpoint = api.post(f"/app/{app}/endpoint", json={"url": f"{receiver.url}/ok"}).json()["id"]

        def post(count: int) -> set[str]:
            body = {"eventType": "a", "payload": {}}
            answers = [api.post(f"/app/{app}/msg", json=body) for _ in range(count)]
            return {answer.json()["id"] for answer in answers}

        def attempts() -> set[str]:
            found = api.get(f"/app/{app}/attempt/endpoint/{endpoint}?limit=250").json()["data"]
            return {each["id"] for each in found}

        with (
            listening(one, replicas.key, f"/app/{app}/events") as here,
            listening(other, replicas.key, "/events") as there,
        ):
            accepted = {("message.accepted", each) for each in post(20)}
            changed = api.patch(f"/app/{app}/endpoint/{endpoint}", json={"description": "d"})
            assert changed.status_code == 200
            accepted.add(("endpoint.changed", endpoint))
            take(there, set(accepted))
            made = {("attempt.succeeded", each) for each in attempts()}
            position = take(here, set(accepted) | made)

        # Nobody listens while Redis loses everything, messages come and a gateway is killed.
        redis.Redis.from_url(replicas.redis_url).flushall()
        missed = {("message.accepted", each) for each in post(20)}
        other.process.kill()
        other.process.wait()
        with listening(
            one, replicas.key, f"/app/{app}/events", **{"last-event-id": position}
        ) as on:
            take(on, missed)
            more = {("message.accepted", each) for each in post(5)}
            take(on, more)
            seen: set[str] = set()
            while len(seen) < 45 or not attempts() <= seen:
                _, kind, subject = next(on)
                if kind == "attempt.succeeded":
                    seen.add(subject)
                if len(seen) >= 25:
                    break
