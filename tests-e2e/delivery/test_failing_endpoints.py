"""Endpoints that fail, hang or are not there: retries, records, and nobody else is held up."""

import socket
import time
from statistics import median
from typing import Any

import httpx
import pytest

from ..conftest import ATTEMPT_TIMEOUT_S, RETRIES  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WAIT_S, WebhookReceiver  # noqa: TID252
from .webhook_checks import verify_with_both_packages

SUCCESS, FAIL = 0, 2


def new_endpoint(api: httpx.Client, app: str, url: str) -> str:
    created = api.post(f"{app}/endpoint", json={"url": url})
    assert created.status_code == 201, created.text
    identifier: str = created.json()["id"]
    return identifier


def posted(api: httpx.Client, app: str) -> str:
    answer = api.post(f"{app}/msg", json={"eventType": "a", "payload": {"a": 1}})
    assert answer.status_code == 202, answer.text
    identifier: str = answer.json()["id"]
    return identifier


def attempts(api: httpx.Client, app: str, message: str, count: int) -> list[dict[str, Any]]:
    """The attempts of a message, oldest first, once there are so many."""

    def found() -> list[dict[str, Any]] | None:
        data: list[dict[str, Any]] = api.get(f"{app}/attempt/msg/{message}").json()["data"]
        return data[::-1] if len(data) >= count else None

    return until(found, WAIT_S, f"{count} attempts are on record")


def test_a_failed_delivery_is_retried_until_it_is_accepted(
    api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint = new_endpoint(api, app, f"{receiver.url}/fail/{RETRIES}")
    secret = api.get(f"{app}/endpoint/{endpoint}/secret").json()["key"]

    message = posted(api, app)
    entry = receiver.wait_accepted(message)

    assert entry["id"] == message
    assert (entry["times"], entry["accepted_times"]) == (1 + RETRIES, 1)
    assert receiver.summary()["distinct"] == 1
    verify_with_both_packages(entry, secret)
    made = attempts(api, app, message, 1 + RETRIES)
    assert [attempt["responseStatusCode"] for attempt in made] == [500] * RETRIES + [200]
    assert [attempt["status"] for attempt in made] == [FAIL] * RETRIES + [SUCCESS]
    times = [attempt["timestamp"] for attempt in made]
    assert times == sorted(times)


def test_a_delivery_that_always_fails_ends_with_all_attempts_on_record(
    api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    new_endpoint(api, app, f"{receiver.url}/status/503")
    new_endpoint(api, app, f"{receiver.url}/ok")

    message = posted(api, app)
    made = attempts(api, app, message, 1 + RETRIES + 1)

    assert sorted(attempt["responseStatusCode"] for attempt in made) == [200, 503, 503, 503]
    # No further attempt: longer than the longest delay, jitter included.
    time.sleep(1.0)
    assert len(attempts(api, app, message, 1)) == 1 + RETRIES + 1
    (entry,) = receiver.entries("/status/503")
    assert entry["times"] == 1 + RETRIES


@pytest.mark.parametrize(
    ("code", "status"), [(204, SUCCESS), (301, FAIL), (404, FAIL), (410, FAIL)]
)
def test_only_a_2xx_is_a_success(
    api: httpx.Client, app: str, receiver: WebhookReceiver, code: int, status: int
) -> None:
    new_endpoint(api, app, f"{receiver.url}/status/{code}")

    made = attempts(api, app, posted(api, app), 1)

    assert (made[0]["responseStatusCode"], made[0]["status"]) == (code, status)


def test_an_endpoint_that_is_not_there_is_tried_and_recorded(api: httpx.Client, app: str) -> None:
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        new_endpoint(api, app, f"http://127.0.0.1:{closed.getsockname()[1]}/")
        made = attempts(api, app, posted(api, app), 1 + RETRIES)

    assert {(one["responseStatusCode"], one["status"]) for one in made} == {(0, FAIL)}


def test_hanging_endpoints_do_not_delay_the_others(
    api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    for name in ("hang/a", "hang/b", "ok/c"):
        new_endpoint(api, app, f"{receiver.url}/{name}")

    messages = {posted(api, app) for _ in range(30)}
    receiver.wait_for_ids(messages, path="/ok/c")
    until(
        lambda: any(entry["times"] > 1 for entry in receiver.entries("/hang/a")),
        WAIT_S,
        "a message is sent to a hanging endpoint again",
    )

    # A message comes to the third endpoint when it comes to the first, which hangs, and not when
    # the attempts there have ended, which is shortly before they are made again.
    hanging = {entry["id"]: entry for entry in receiver.entries("/hang/a")}
    again_ns = [
        entry["last_ns"] - entry["first_ns"] for entry in hanging.values() if entry["times"] > 1
    ]
    apart_ns = [
        entry["first_ns"] - hanging[entry["id"]]["first_ns"]
        for entry in receiver.entries("/ok/c")
        if entry["id"] in hanging
    ]
    assert median(apart_ns) < min(again_ns) / 2
    made = attempts(api, app, min(messages), 3)
    codes = sorted(attempt["responseStatusCode"] for attempt in made)
    assert codes[:2] == [0, 0]
    hung = [attempt for attempt in made if attempt["responseStatusCode"] == 0]
    assert all(one["responseDurationMs"] >= ATTEMPT_TIMEOUT_S * 900 for one in hung)


def test_an_endpoint_that_is_deleted_gets_no_retry(
    api: httpx.Client, app: str, receiver: WebhookReceiver
) -> None:
    endpoint = new_endpoint(api, app, f"{receiver.url}/status/500")
    message = posted(api, app)
    assert receiver.wait_for(1)
    deleted = api.delete(f"{app}/endpoint/{endpoint}")

    assert deleted.status_code == 204
    time.sleep(1.0)
    (entry,) = receiver.entries()
    assert entry["id"] == message
    # The first retry may have been on its way.
    assert entry["times"] <= 2
