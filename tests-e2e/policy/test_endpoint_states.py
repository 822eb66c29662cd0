"""How an endpoint is being delivered to is visible in the API and in the metrics."""

import time
from datetime import datetime
from typing import Any

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from .customer import Customer, metric
from .scripted_receiver import ScriptedReceiver

POST_EVERY_S = 0.2
PARKED = 5
OPEN_S_MIN = 0.8
"""1 s, less the jitter."""


def in_state(platform: DevPlatform, state: str) -> float:
    """How many endpoints are in this state by the worker's metrics."""
    url = str(platform.state["internal_urls"]["worker"])
    return metric(url, f'angarium_worker_endpoints{{state="{state}"}}')


def post_until_open(customer: Customer, endpoint: str) -> dict[str, Any]:
    """The endpoint's state once its circuit breaker is open. A few failures at once are no
    outage: it takes some that last for seconds, so it is the time that matters here."""

    def is_open() -> dict[str, Any] | None:
        customer.post()
        time.sleep(POST_EVERY_S)
        state = customer.state(endpoint)
        return state if state["openUntil"] else None

    return until(is_open, 30, "the circuit breaker opens")


def test_a_dead_endpoint_is_left_alone_until_a_probe_finds_it_back(
    policy_platform: DevPlatform, customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/dead", 500)
    dead = customer.endpoint(f"{hooks.url}/dead", retrySchedule=[600])
    alive = customer.endpoint(f"{hooks.url}/alive")
    open_before = in_state(policy_platform, "open")

    opened = post_until_open(customer, dead)
    parked = set(customer.post_many(PARKED))
    hooks.wait_accepted("/alive", parked)
    until(lambda: in_state(policy_platform, "open") > open_before, 10, "the metrics show it")
    failed = len(hooks.at("/dead"))
    probes = hooks.wait("/dead", failed + 2)[failed:]
    hooks.answer("/dead", 200)

    assert (opened["state"], customer.state(alive)["state"]) == ("open", "delivering")
    assert opened["parked"] > 0
    since, upto = (datetime.fromisoformat(opened[name]) for name in ("failingSince", "openUntil"))
    assert upto > since
    # One at a time, and every time later.
    assert probes[1].begun_s - probes[0].ended_s >= OPEN_S_MIN
    assert len({probe.id for probe in probes}) == 2

    # What a probe failed to deliver waits for its retry; the rest arrives.
    refused = {one.id for one in hooks.at("/dead") if one.status == 500}
    hooks.wait_accepted("/dead", parked - refused)
    back = customer.await_state(dead, parked=0, failingSince=None)
    assert back["state"] in {"recovering", "delivering"}
    until(lambda: in_state(policy_platform, "open") == open_before, 10, "none is open any more")


def test_more_than_an_endpoint_takes_waits_and_is_counted(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    endpoint = customer.endpoint(f"{hooks.url}/", throttleRate=2)
    messages = customer.post_many(10)

    waiting = customer.await_state(endpoint, state="waiting")

    assert 0 < waiting["parked"] <= 10
    hooks.wait_accepted("/", set(messages))
    after = customer.await_state(endpoint, state="delivering")
    assert (after["parked"], after["scheduled"]) == (0, 0)


def test_what_waits_for_its_retry_is_counted_as_scheduled(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[600])
    customer.post_many(3)

    state = customer.await_state(endpoint, scheduled=3)

    assert (state["state"], state["parked"]) == ("delivering", 0)
    assert state["concurrencyLimit"] >= 1
