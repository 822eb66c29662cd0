"""The services of docker-compose.yml, started as processes, deliver messages through the proxy."""

import base64
import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from functools import partial
from importlib.metadata import version
from pathlib import Path
from uuid import uuid4

import httpx
import pytest
from angarium_contracts import stream_names
from redis import Redis

from ..dev_platform import api_client  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252
from .compose_file import VariableMissing, read_compose, variables_of_the_example
from .compose_processes import ComposeProcesses
from .name_server import NameServer
from .proxies import caddy, nginx_of_compose

SCALE = {"gateway": 2, "dispatcher": 1, "worker": 2}
PROXIES = ("nginx", "caddy")
KEY_COMMAND = ["keys", "create", "first key", "--new-tenant"]


def filled_in() -> dict[str, str]:
    """The variables that an operator writes into .env."""
    variables = {name: uuid4().hex for name in variables_of_the_example()}
    variables["ANGARIUM_ENCRYPTION_KEY"] = base64.b64encode(os.urandom(32)).decode()
    # The proxies' addresses here.
    return variables | {"ANGARIUM_PROXY_SUBNET": "127.0.0.1/32"}


class Deployment:
    """The platform, both proxies in front of its gateways, and a key."""

    def __init__(self, platform: ComposeProcesses, names: NameServer, urls: dict[str, str]) -> None:
        self.platform = platform
        self.names = names
        self.urls = urls
        made = platform.run("gateway", KEY_COMMAND)
        assert made.returncode == 0, made.stderr
        self.key = made.stdout.strip()

    def complete(self) -> None:
        """Two gateways run, and the name server knows them."""
        while len(self.platform.gateways()) < SCALE["gateway"]:
            self.platform.await_healthy(self.platform.add_replica("gateway"), "gateway")
        self.names.addresses = self.platform.gateways()


@pytest.fixture(scope="module")
def running(new_folder: Callable[[str], Path]) -> Iterator[Deployment]:
    with ExitStack() as stack:
        platform = stack.enter_context(
            ComposeProcesses(
                new_folder("compose"),
                filled_in(),
                scale=SCALE,
                ANGARIUM_EGRESS_ALLOWED_NETWORKS="127.0.0.0/8",
                ANGARIUM_ALLOW_HTTP_ENDPOINTS="true",
                ANGARIUM_DRAIN_S="0",
                ANGARIUM_PROFILING="true",
            )
        )
        names = stack.enter_context(NameServer("gateway", platform.gateways()))
        folders = {name: new_folder(f"compose-{name}") for name in PROXIES}
        for folder in folders.values():
            folder.mkdir()
        places = {"gateway_port": platform.port, "name_server_port": names.port}
        service = platform.compose["services"]["proxy"]
        nginx = nginx_of_compose(service, folders["nginx"], **places)
        urls = {"nginx": stack.enter_context(nginx)}
        urls["caddy"] = stack.enter_context(caddy(folders["caddy"], **places))
        yield Deployment(platform, names, urls)


@pytest.fixture
def deployment(running: Deployment) -> Deployment:
    running.complete()
    return running


@pytest.fixture(params=PROXIES)
def api(request: pytest.FixtureRequest, deployment: Deployment) -> Iterator[httpx.Client]:
    """A client of the API through one of the proxies, which has found a gateway that runs: it asks
    for their addresses every two seconds, and the test before may have replaced all."""
    with api_client(deployment.urls[request.param], deployment.key) as client:
        until(
            lambda: all(client.get("/app").is_success for _ in range(5)), 30, "a gateway is found"
        )
        yield client


def new_application(api: httpx.Client, receiver: WebhookReceiver) -> str:
    """The path of an application with an endpoint."""
    uid = f"app-{uuid4().hex}"
    assert api.post("/app", json={"name": "A", "uid": uid}).status_code == 201
    made = api.post(f"/app/{uid}/endpoint", json={"url": f"{receiver.url}/ok"})
    assert made.status_code == 201, made.text
    return f"/app/{uid}"


def post(api: httpx.Client, app: str) -> str:
    """Post a message as a client does that retries: with the same idempotency key."""
    key = {"idempotency-key": uuid4().hex}
    body = {"eventType": "a", "payload": {}}

    def accepted() -> str | None:
        posted = api.post(f"{app}/msg", json=body, headers=key)
        # Sent to a gateway that ended before it answered, or that no gateway was found for.
        if posted.status_code in (502, 503, 504):
            return None
        assert posted.status_code == 202, posted.text
        return str(posted.json()["id"])

    return until(accepted, 30, "a gateway accepts the message")


@pytest.mark.parametrize("missing", variables_of_the_example())
def test_compose_refuses_to_start_without_a_secret(missing: str) -> None:
    with pytest.raises(VariableMissing, match=f"{missing}: set it in .env"):
        read_compose(filled_in() | {missing: ""})


def test_messages_are_delivered_through_the_proxy(
    api: httpx.Client, receiver: WebhookReceiver
) -> None:
    app = new_application(api, receiver)

    receiver.wait_for_ids({post(api, app) for _ in range(5)})


def test_gateways_that_end_are_passed_over_and_new_ones_are_found(
    api: httpx.Client, deployment: Deployment, receiver: WebhookReceiver
) -> None:
    app = new_application(api, receiver)
    platform = deployment.platform
    first, second = platform.gateways()

    # Its address stays known, as in the seconds after the end of a container.
    platform.kill(first)
    sent = {post(api, app) for _ in range(10)}
    # Nothing but the name server leads to the new one.
    third = platform.add_replica("gateway")
    platform.await_healthy(third, "gateway")
    deployment.names.addresses = [second, third]
    with ThreadPoolExecutor(max_workers=4) as clients:
        sending = [clients.submit(post, api, app) for _ in range(60)]
        assert platform.stop(second) == 0
        sent |= {each.result() for each in sending} | {post(api, app)}

    receiver.wait_for_ids(sent)
    assert receiver.summary()["received"] == len(sent)


def test_the_gateway_sees_the_client_and_not_what_it_claims_to_be(
    api: httpx.Client, deployment: Deployment
) -> None:
    claimed = {"x-forwarded-for": "203.0.113.9", "forwarded": "for=203.0.113.9"}
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.9")
    headers = {**api.headers, **claimed}
    with httpx.Client(base_url=api.base_url, headers=headers, transport=elsewhere) as client:
        made = client.post("/app", json={"name": "A"})
    assert made.status_code == 201, made.text

    newest = api.get("/audit-log", params={"limit": 1}).json()["data"][0]
    assert (newest["operation"], newest["address"]) == ("v1.application.create", "127.0.0.9")


@pytest.mark.parametrize(
    ("headers", "body", "refused"),
    [
        ({"x-filler": "x" * 70_000}, b"", {400, 431}),
        ({}, b"x" * 5_000_000, {413}),
    ],
    ids=["headers", "body"],
)
def test_too_much_is_refused(
    api: httpx.Client, headers: dict[str, str], body: bytes, refused: set[int]
) -> None:
    answer = api.post("/app", headers=headers, content=body)

    assert answer.status_code in refused


def test_events_are_streamed_without_delay(api: httpx.Client, receiver: WebhookReceiver) -> None:
    app = new_application(api, receiver)
    with api.stream("GET", f"{app}/events") as events:
        assert events.status_code == 200, events.read()
        sent = post(api, app)
        assert any(sent in line for line in events.iter_lines())


def test_the_lag_that_keda_reads_is_what_no_dispatcher_has_read(
    deployment: Deployment, receiver: WebhookReceiver
) -> None:
    """KEDA reads it for the chart's ScaledObjects; Redis answers null where it cannot tell."""
    platform = deployment.platform
    (dispatcher,) = [at for at, name in platform.addresses().items() if name == "dispatcher"]
    with (
        Redis.from_url(platform.redis_url) as redis,
        api_client(deployment.urls["nginx"], deployment.key) as api,
    ):
        app = new_application(api, receiver)
        receiver.wait_for_ids({post(api, app)})

        def lag() -> object:
            groups = redis.xinfo_groups(stream_names.messages_accepted(0))
            (found,) = [
                each["lag"] for each in groups if each["name"].decode() == stream_names.DISPATCHERS
            ]
            return found

        assert lag() == 0
        with platform.frozen(dispatcher):
            # The read that waits takes the first.
            sent = {post(api, app) for _ in range(5)}
            until(lambda: lag() in (4, 5), 30, "the entries lag")
        receiver.wait_for_ids(sent)
        until(lambda: lag() == 0, 30, "the entries are read")


@pytest.mark.parametrize("path", ["/health", "/health/ping"])
def test_the_api_answers_health_checks_without_a_key(api: httpx.Client, path: str) -> None:
    answer = httpx.get(f"{api.base_url}{path.removeprefix('/')}", trust_env=False)

    assert (answer.status_code, answer.content) == (204, b"")


def test_every_process_tells_its_health_and_version(deployment: Deployment) -> None:
    platform = deployment.platform
    for address, service in platform.addresses().items():
        with httpx.Client(base_url=platform.internal_url(address), trust_env=False) as internal:
            assert internal.get("/live").json() == {"live": True}
            assert internal.get("/ready").json() == {"ready": True, "problems": {}}
            told = internal.get("/version").json()
            assert (told["service"], told["version"]) == (service, version("angarium-cli"))
            assert told["schema"]
            assert told["replica"]


def _shows_metrics(internal: httpx.Client) -> bool:
    """A profile, taken while metrics are asked for, contains their rendering."""
    with ThreadPoolExecutor(1) as beside:
        taken = beside.submit(internal.get, "/profile", params={"seconds": 1})
        # An idle process uses no CPU.
        while not taken.done():
            internal.get("/metrics")
    return "generate_latest" in taken.result().raise_for_status().text


def test_a_profile_of_each_service_shows_what_it_does(deployment: Deployment) -> None:
    platform = deployment.platform
    one_of_each = {service: address for address, service in platform.addresses().items()}
    assert set(one_of_each) == set(SCALE)

    for service, address in one_of_each.items():
        url = platform.internal_url(address)
        with httpx.Client(base_url=url, timeout=30, trust_env=False) as internal:
            # On a busy machine a second may be too short for many samples.
            until(partial(_shows_metrics, internal), 60, f"metrics in the {service}'s profile")


def test_a_process_logs_each_step_of_its_life_once(deployment: Deployment) -> None:
    platform = deployment.platform
    address = platform.add_replica("dispatcher")
    platform.await_healthy(address, "dispatcher")
    assert platform.stop(address) == 0

    lines = [json.loads(line) for line in platform.log(address).splitlines()]
    steps = [line for line in lines if line["event"].startswith("process.")]

    started, *_ = steps
    assert [line["event"].removeprefix("process.") for line in steps] == [
        "started",
        "ready",
        "stopping",
        "stopped",
    ]
    assert {(line["service"], line["replica"]) for line in steps} == {
        ("dispatcher", started["replica"])
    }
    assert started["version"] == version("angarium-dispatcher")
    assert started["settings"]["ANGARIUM_PROFILING"] == "True"
    secrets = {"ANGARIUM_ENCRYPTION_KEY", "ANGARIUM_DATABASE_URL", "ANGARIUM_REDIS_URL"}
    assert not secrets & set(started["settings"])
