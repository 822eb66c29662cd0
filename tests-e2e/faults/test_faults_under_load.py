"""Things are killed, wiped and frozen while messages come in: none that was accepted is lost.

Each fault happens once the load is running. Then the client's, the databases' and the receiver's
record must agree, and what arrived twice must have been in flight.
"""

import os
import signal
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import httpx
import pytest
import redis
from angarium_chassis.streams.broker import SOCKET_TIMEOUT_S

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..load_run import LoadRun  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .three_ledgers import SETTLE_S, Ledgers, in_flight, settled_ledgers

RATE = 200.0
SECONDS = 5.0
RESTART_S = 60.0
QUERY_TIMEOUT_S = 5.0
REDIS_WAIT_S = min(SOCKET_TIMEOUT_S, QUERY_TIMEOUT_S)
"""A frozen Redis answers nothing: waiting for it ends with a timeout, of which this is the
shortest in a gateway."""


@pytest.fixture(scope="module")
def own_platform(new_folder: Callable[[str], Path]) -> Iterator[DevPlatform]:
    """A platform for these tests. What a killed worker had in hand goes to the next after 2 s,
    the retries that it had begun after 7 s."""
    with DevPlatform(
        new_folder("dev-faults"),
        ANGARIUM_QUERY_TIMEOUT_S=f"{QUERY_TIMEOUT_S:g}",
        ANGARIUM_ENTRY_LEASE_S="2",
        ANGARIUM_ATTEMPT_TIMEOUT_S="2",
        ANGARIUM_RETRY_LEASE_S="7",
        ANGARIUM_RETRY_SCHEDULE="500ms,1s,1s,1s",
    ) as running:
        yield running


@pytest.fixture
def own_app(own_platform: DevPlatform, receiver: WebhookReceiver) -> str:
    """An application with one endpoint, and one message that found its way."""
    with own_platform.client() as api:
        app = f"/app/{api.post('/app', json={'name': 'Load'}).json()['id']}"
        endpoint = api.post(f"{app}/endpoint", json={"url": f"{receiver.url}/ok"})
        assert endpoint.status_code == 201
    return app


@pytest.fixture
def load(
    own_platform: DevPlatform, own_app: str, receiver: WebhookReceiver, tmp_path: Path
) -> Iterator[LoadRun]:
    """Messages that are being posted; a second of them has been delivered."""
    with LoadRun(
        own_platform.url, own_platform.key, own_app, tmp_path, rate=RATE, seconds=SECONDS
    ) as running:
        assert receiver.wait_for(int(RATE)), own_platform.tail()
        yield running


def assert_nothing_is_lost(ledgers: Ledgers, were_in_flight: set[str]) -> None:
    """The three records agree, and what came twice was in flight when the fault happened."""
    received = set(ledgers.receptions)
    print(
        f"answered {len(ledgers.answered)}, journal {len(ledgers.journal)},"
        f" received {len(received)}, twice {len(ledgers.twice)} of {len(were_in_flight)} in flight"
    )
    assert ledgers.answered <= ledgers.journal
    assert ledgers.answered <= received
    assert ledgers.answered <= ledgers.delivered
    # Nothing is made up: what was received was stored.
    assert received <= ledgers.journal
    assert ledgers.twice <= were_in_flight
    assert max(ledgers.receptions.values()) <= 2


def assert_flow_resumed(platform: DevPlatform, app: str, receiver: WebhookReceiver) -> None:
    """A message posted now arrives as if nothing had been."""
    with platform.client() as api:
        posted = api.post(f"{app}/msg", json={"eventType": "after", "payload": {}})
        assert posted.status_code == 202
        message = posted.json()["id"]
    entry = receiver.wait_accepted(message)
    assert entry["times"] == 1


def test_a_wiped_redis_loses_nothing(
    own_platform: DevPlatform, own_app: str, load: LoadRun, receiver: WebhookReceiver
) -> None:
    with redis.Redis.from_url(own_platform.state["redis_url"]) as client:
        client.flushall()
    in_hand = in_flight(own_platform, own_app)
    load.finish()

    # The API did not notice.
    assert load.summary["refused"] == {}
    assert len(load.accepted) == int(RATE * SECONDS)
    assert_nothing_is_lost(settled_ledgers(own_platform, own_app, load, receiver), in_hand)
    assert_flow_resumed(own_platform, own_app, receiver)


@pytest.mark.parametrize("service", ["dispatcher", "worker", "valkey"])
def test_a_killed_process_behind_the_api_loses_nothing(
    own_platform: DevPlatform,
    own_app: str,
    load: LoadRun,
    receiver: WebhookReceiver,
    service: str,
) -> None:
    killed = own_platform.pid(service)
    os.kill(killed, signal.SIGKILL)
    in_hand = in_flight(own_platform, own_app)
    load.finish()

    assert load.summary["refused"] == {}
    assert len(load.accepted) == int(RATE * SECONDS)
    assert_restarted(own_platform, service, killed)
    assert_nothing_is_lost(settled_ledgers(own_platform, own_app, load, receiver), in_hand)
    assert_flow_resumed(own_platform, own_app, receiver)


def test_a_killed_gateway_loses_nothing_that_it_answered(
    own_platform: DevPlatform, own_app: str, load: LoadRun, receiver: WebhookReceiver
) -> None:
    killed = own_platform.pid("gateway")
    os.kill(killed, signal.SIGKILL)
    in_hand = in_flight(own_platform, own_app)
    load.finish()

    assert_restarted(own_platform, "gateway", killed)
    assert len(load.accepted) > RATE
    assert_nothing_is_lost(settled_ledgers(own_platform, own_app, load, receiver), in_hand)
    assert_flow_resumed(own_platform, own_app, receiver)


def test_a_frozen_redis_does_not_stop_the_api(
    own_platform: DevPlatform, own_app: str, load: LoadRun, receiver: WebhookReceiver
) -> None:
    valkey = own_platform.pid("valkey")
    os.kill(valkey, signal.SIGSTOP)
    try:
        frozen_ns = time.monotonic_ns()
        # The rest of the load runs against a Redis that does not answer, until all of it is
        # answered by the API.
        load.finish()
        in_hand = in_flight(own_platform, own_app)
    finally:
        os.kill(valkey, signal.SIGCONT)

    assert load.summary["refused"] == {}
    assert len(load.accepted) == int(RATE * SECONDS)
    # From when the request left: on a busy machine the generator falls behind its schedule, and
    # what waits in it says nothing about the API.
    answered_in_s = [
        (one["answered_ns"] - one["sent_ns"]) / 1e9
        for one in load.accepted
        if one["answered_ns"] > frozen_ns
    ]
    assert len(answered_in_s) > load.connections
    assert not [took_s for took_s in answered_in_s if took_s >= REDIS_WAIT_S]
    assert_nothing_is_lost(settled_ledgers(own_platform, own_app, load, receiver), in_hand)
    assert_flow_resumed(own_platform, own_app, receiver)


def test_retries_outlive_the_worker_and_redis(
    own_platform: DevPlatform, own_app: str, receiver: WebhookReceiver, tmp_path: Path
) -> None:
    with own_platform.client() as api:
        (endpoint,) = api.get(f"{own_app}/endpoint").json()["data"]
        # 400 says nothing against the endpoint, so that nothing but the schedule is in the way.
        flaky = {"url": f"{receiver.url}/fail/1/400"}
        assert api.put(f"{own_app}/endpoint/{endpoint['id']}", json=flaky).status_code == 200
    with LoadRun(
        own_platform.url, own_platform.key, own_app, tmp_path, rate=RATE / 3, seconds=SECONDS
    ) as load:
        assert receiver.wait_for(int(RATE / 3)), own_platform.tail()
        # Failed deliveries are waiting for their retry, and some are being retried.
        os.kill(own_platform.pid("worker"), signal.SIGKILL)
        with redis.Redis.from_url(own_platform.state["redis_url"]) as client:
            client.flushall()
        in_hand = in_flight(own_platform, own_app)
        load.finish()

    def undelivered() -> set[str]:
        accepted = {entry["id"] for entry in receiver.entries() if entry["accepted_times"]}
        return load.accepted_ids - accepted

    assert len(load.accepted) == int(RATE / 3 * SECONDS)
    until(lambda: not undelivered(), SETTLE_S, "every delivery is retried until it is accepted")
    ledgers = settled_ledgers(own_platform, own_app, load, receiver)
    assert ledgers.answered <= ledgers.journal
    assert ledgers.answered <= ledgers.delivered
    twice = {entry["id"] for entry in receiver.entries() if entry["after_accepted"]}
    assert twice <= in_hand


def test_without_a_fault_nothing_arrives_twice(
    own_platform: DevPlatform, own_app: str, load: LoadRun, receiver: WebhookReceiver
) -> None:
    load.finish()

    ledgers = settled_ledgers(own_platform, own_app, load, receiver)

    assert_nothing_is_lost(ledgers, were_in_flight=set())
    assert len(ledgers.answered) == int(RATE * SECONDS)
    assert set(ledgers.receptions) == ledgers.answered == ledgers.delivered


def assert_restarted(platform: DevPlatform, service: str, killed: int) -> None:
    """The process runs again, dev.json has its new pid, and the log says what happened."""

    def new_pid() -> int | None:
        found = platform.pid(service)
        return found if found != killed else None

    pid = until(new_pid, RESTART_S, f"{service} runs again")
    assert pid in {process.pid for process in platform.family() if process.is_running()}
    logs = platform.logs()
    assert f'"process": "{service}", "how": "killed by SIGKILL"' in logs
    with httpx.Client(trust_env=False) as client:
        assert client.get(f"{platform.url}/api/v1/health").status_code == 204
