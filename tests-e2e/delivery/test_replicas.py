"""Two replicas of each service do the work of one: clients need not know which they talk to."""

import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from angarium_cli.engines import PostgresProcess
from angarium_contracts.ids import APPLICATION, parse_id
from angarium_contracts.stream_names import stream_number

from ..dev_platform import api_client  # noqa: TID252 - tests are no installed package
from ..load_run import LoadRun  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .replica_set import SERVICES, ReplicaSet

MESSAGES = 1_000
CLIENTS = 8


@pytest.fixture(scope="module")
def replica_set(
    new_folder: Callable[[str], Path], postgres: PostgresProcess
) -> Iterator[ReplicaSet]:
    with ReplicaSet(new_folder("replicas"), postgres) as running:
        yield running


@pytest.fixture
def replicas(replica_set: ReplicaSet) -> ReplicaSet:
    """Two of each, also after a test that stopped some."""
    replica_set.complete()
    return replica_set


@pytest.fixture
def gateways(replicas: ReplicaSet) -> Iterator[list[httpx.Client]]:
    """A client of each of the two gateways."""
    with ExitStack() as opened:
        yield [
            opened.enter_context(api_client(gateway.url, replicas.key))
            for gateway in replicas.of("gateway")
        ]


def test_what_one_gateway_made_the_other_knows_at_once(
    gateways: list[httpx.Client], receiver: WebhookReceiver
) -> None:
    wanted = set()
    for number in range(10):
        one, other = gateways if number % 2 else reversed(gateways)
        uid = f"app-{uuid4().hex}"
        assert one.post("/app", json={"name": "A", "uid": uid}).status_code == 201
        endpoint = {"url": f"{receiver.url}/ok/{number}"}
        assert one.post(f"/app/{uid}/endpoint", json=endpoint).status_code == 201
        posted = other.post(f"/app/{uid}/msg", json={"eventType": "a", "payload": {}})
        assert posted.status_code == 202, posted.text
        wanted.add(posted.json()["id"])
        assert one.get(f"/app/{uid}/msg/{posted.json()['id']}").status_code == 200

    receiver.wait_for_ids(wanted)
    assert receiver.summary()["received"] == len(wanted)


def test_a_deletion_through_one_gateway_holds_for_the_other(
    gateways: list[httpx.Client],
) -> None:
    one, other = gateways
    app = f"/app/{one.post('/app', json={'name': 'A'}).json()['id']}"

    def refused_by_the_other() -> bool:
        message = {"eventType": "a", "payload": {}}
        return other.post(f"{app}/msg", json=message).status_code == 404

    assert not refused_by_the_other()
    assert one.delete(app).status_code == 204
    until(refused_by_the_other, 20, "the other gateway refuses messages, too")


def test_idempotency_keys_and_event_ids_hold_for_all_gateways(
    gateways: list[httpx.Client], receiver: WebhookReceiver
) -> None:
    one, other = gateways
    app = one.post("/app", json={"name": "A"}).json()["id"]
    one.post(f"/app/{app}/endpoint", json={"url": f"{receiver.url}/ok"})
    message = {"eventType": "a", "payload": {}, "eventId": "evt-1"}
    headers = {"idempotency-key": uuid4().hex}

    first = one.post(f"/app/{app}/msg", json=message, headers=headers)
    again = other.post(f"/app/{app}/msg", json=message, headers=headers)
    taken = other.post(f"/app/{app}/msg", json=message)

    assert (first.status_code, again.status_code, taken.status_code) == (202, 202, 409)
    assert first.json() == again.json()
    receiver.wait_for_ids({first.json()["id"]})
    assert receiver.summary()["received"] == 1


@pytest.mark.parametrize("service", ["gateway", "dispatcher", "worker"])
def test_each_replica_tells_its_version_and_schema(replicas: ReplicaSet, service: str) -> None:
    answers = [httpx.get(f"{each.internal_url}/version").json() for each in replicas.of(service)]

    assert {each["service"] for each in answers} == {service}
    assert {each["version"] for each in answers} == {version(f"angarium-{service}")}
    assert all(re.fullmatch(r"\d{4}", each["schema"]) for each in answers)
    assert len({each["replica"] for each in answers}) == len(answers) == 2


def test_every_message_is_delivered_exactly_once(
    gateways: list[httpx.Client], receiver: WebhookReceiver
) -> None:
    app = gateways[0].post("/app", json={"name": "A"}).json()["id"]
    gateways[1].post(f"/app/{app}/endpoint", json={"url": f"{receiver.url}/ok"})

    def post(number: int) -> str:
        message = {"eventType": "a", "payload": {"number": number}}
        posted = gateways[number % 2].post(f"/app/{app}/msg", json=message)
        assert posted.status_code == 202, posted.text
        return str(posted.json()["id"])

    with ThreadPoolExecutor(CLIENTS) as clients:
        wanted = set(clients.map(post, range(MESSAGES)))

    receiver.wait_for_ids(wanted)
    assert len(wanted) == MESSAGES
    assert receiver.summary()["received"] == MESSAGES


def test_one_of_each_is_stopped_under_load_and_nothing_is_lost(
    replicas: ReplicaSet, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    staying, leaving = replicas.of("gateway")
    with api_client(staying.url, replicas.key) as api:
        app = f"/app/{api.post('/app', json={'name': 'A'}).json()['id']}"
        api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"})
    with (
        LoadRun(staying.url, replicas.key, app, tmp_path, rate=150, seconds=5) as first,
        LoadRun(leaving.url, replicas.key, app, tmp_path, rate=150, seconds=2.5) as second,
    ):
        assert receiver.wait_for(150)
        assert replicas.of("dispatcher")[0].stop() == 0
        assert replicas.of("worker")[0].stop() == 0
        second.finish()
        assert leaving.stop() == 0
        first.finish()

    wanted = first.accepted_ids | second.accepted_ids
    receiver.wait_for_ids(wanted)
    assert first.summary["refused"] == second.summary["refused"] == {}
    assert len(wanted) == 150 * 5 + 375
    # All were told to stop and stopped in order: nothing was sent twice.
    assert receiver.summary()["received"] == len(wanted)
    assert [len(replicas.of(service)) for service in SERVICES] == [1, 1, 1]


def test_streams_beyond_their_own_number_are_read_by_others(
    replicas: ReplicaSet, receiver: WebhookReceiver
) -> None:
    wanted: set[str] = set()
    with replicas.roll(ANGARIUM_STREAM_COUNT="8") as (gateway, dispatcher, worker):
        # Those that stay have one stream.
        assert dispatcher.stop() == worker.stop() == 0
        with api_client(gateway.url, replicas.key) as api:
            numbers: set[int] = set()
            while len(numbers) < 3:
                app = api.post("/app", json={"name": "A"}).json()["id"]
                numbers.add(stream_number(parse_id(APPLICATION, app) or b"", 8))
                api.post(f"/app/{app}/endpoint", json={"url": f"{receiver.url}/ok"})
                posted = api.post(f"/app/{app}/msg", json={"eventType": "a", "payload": {}})
                wanted.add(posted.json()["id"])
        receiver.wait_for_ids(wanted)

    assert receiver.summary()["received"] == len(wanted)
