"""The main flow with streams on a cluster of six nodes, through every stream number."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from angarium_cli.dev.environment import CLUSTER_STREAM_COUNT
from angarium_contracts.ids import APPLICATION, parse_id
from angarium_contracts.stream_names import messages_accepted, stream_number

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

STREAMS = int(CLUSTER_STREAM_COUNT)


@pytest.fixture(scope="module")
def platform(new_folder: Callable[[str], Path]) -> Iterator[DevPlatform]:
    with DevPlatform(
        new_folder("dev-cluster"),
        arguments=("--cluster", "--no-demo", "--log-format", "json"),
        ANGARIUM_RETRY_SCHEDULE="200ms,400ms",
    ) as running:
        yield running


def test_every_stream_delivers_and_retries(
    platform: DevPlatform, receiver: WebhookReceiver
) -> None:
    messages: dict[int, str] = {}
    with platform.client() as api:
        while len(messages) < STREAMS:
            app = str(api.post("/app", json={"name": "A"}).json()["id"])
            number = stream_number(parse_id(APPLICATION, app) or b"", STREAMS)
            if number in messages:
                continue
            endpoint = api.post(f"/app/{app}/endpoint", json={"url": f"{receiver.url}/fail/1"})
            assert endpoint.status_code == 201
            sent = api.post(f"/app/{app}/msg", json={"eventType": "paid", "payload": {"n": number}})
            assert sent.status_code == 202
            messages[number] = sent.json()["id"]
    for message in messages.values():
        receiver.wait_accepted(message, path="/fail/1")
    log = platform.logs()
    assert '"level": "error"' not in log, log[-4000:]


def test_operators_see_the_cluster(platform: DevPlatform) -> None:
    beside = ("--data-dir", str(platform.data_dir))

    def healthy() -> bool:
        doctor = run_angarium(["doctor", "--json", *beside])
        findings = json.loads(doctor.stdout)["findings"]
        told = {each["sentence"] for each in findings if each["subject"] == "redis"}
        assert "A cluster of 3 primaries." in told
        assert f"stream {messages_accepted(STREAMS - 1)}" in {each["subject"] for each in findings}
        return not [each for each in findings if each["level"] == "problem"]

    until(healthy, 30, "doctor finds no problem")
    with platform.client() as api:
        answer = api.get("/platform")
    assert answer.status_code == 200
    assert len(answer.json()["streams"]) >= 2 * STREAMS
