"""What waits for an endpoint that is disabled or deleted ends, and is not forgotten silently."""

from typing import Any

import httpx

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from .customer import Customer, metric
from .scripted_receiver import ScriptedReceiver

FAIL = 2


def with_pending(customer: Customer, hooks: ScriptedReceiver, count: int) -> tuple[str, list[str]]:
    """An endpoint with so many deliveries that wait for their retry, and their messages."""
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[600])
    messages = customer.post_many(count)
    customer.await_stats(endpoint, sending=count)
    assert customer.state(endpoint)["scheduled"] == count
    return endpoint, messages


def delivery_of(customer: Customer, message: str) -> dict[str, Any]:
    """Where a message stands for its only endpoint."""
    path = f"{customer.path}/msg/{message}/endpoint"
    (delivery,) = customer.expect(200, "GET", path)["data"]
    return dict(delivery)


def cancelled_total(platform: DevPlatform) -> float:
    """How many deliveries were cancelled, by the worker's metrics."""
    url = str(platform.state["internal_urls"]["worker"])
    return metric(url, 'angarium_worker_unsent_deliveries_total{outcome="cancelled"}')


def test_pending_deliveries_of_a_disabled_endpoint_end_as_cancelled_with_the_reason(
    policy_platform: DevPlatform, customer: Customer, hooks: ScriptedReceiver
) -> None:
    endpoint, messages = with_pending(customer, hooks, 5)
    cancelled = cancelled_total(policy_platform)

    customer.patch(endpoint, disabled=True)

    stats = customer.await_stats(endpoint, canceled=5)
    assert stats == {"success": 0, "pending": 0, "sending": 0, "fail": 0, "canceled": 5}
    state = customer.state(endpoint)
    assert (state["scheduled"], state["parked"]) == (0, 0)
    for message in messages:
        delivery = delivery_of(customer, message)
        assert (delivery["status"], delivery["nextAttempt"]) == (FAIL, None)
        assert delivery["canceledReason"] == "the endpoint is disabled"
    assert cancelled_total(policy_platform) == cancelled + 5


def test_an_endpoint_that_is_enabled_again_gets_what_is_new_and_not_what_ended(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    endpoint, _ = with_pending(customer, hooks, 2)
    customer.patch(endpoint, disabled=True)
    customer.await_stats(endpoint, canceled=2)
    meanwhile = customer.post()
    hooks.answer("/", 200)

    customer.patch(endpoint, disabled=False)
    new = customer.post()

    hooks.wait_accepted("/", {new})
    stats = customer.await_stats(endpoint, success=1)
    assert stats == {"success": 1, "pending": 0, "sending": 0, "fail": 0, "canceled": 2}
    assert meanwhile not in {one.id for one in hooks.at("/")}


def test_pending_deliveries_of_a_deleted_endpoint_end_as_cancelled_with_the_reason(
    policy_platform: DevPlatform, customer: Customer, hooks: ScriptedReceiver
) -> None:
    endpoint, messages = with_pending(customer, hooks, 5)
    cancelled = cancelled_total(policy_platform)

    customer.expect(204, "DELETE", f"{customer.path}/endpoint/{endpoint}")

    until(lambda: cancelled_total(policy_platform) == cancelled + 5, 20, "all of them end")
    for message in messages:
        delivery = delivery_of(customer, message)
        assert (delivery["id"], delivery["deleted"]) == (endpoint, True)
        assert delivery["canceledReason"] == "the endpoint is deleted"
    assert len(hooks.at("/")) == 5


def test_an_ordered_endpoint_that_is_disabled_ends_its_queue(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[600], ordering="fifo")
    customer.post_many(5)
    hooks.wait("/", 1)
    customer.await_stats(endpoint, pending=4, sending=1)

    customer.patch(endpoint, disabled=True)

    customer.await_stats(endpoint, canceled=5, pending=0)
    assert len(hooks.at("/")) == 1


def test_resending_to_a_disabled_endpoint_is_refused_with_the_reason(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    endpoint = customer.endpoint(f"{hooks.url}/")
    message = customer.post()
    hooks.wait_accepted("/", {message})
    customer.patch(endpoint, disabled=True)
    of_endpoint = f"{customer.path}/endpoint/{endpoint}"
    since = {"since": "2020-01-01T00:00:00Z"}

    def refused(path: str, body: dict[str, str] | None = None) -> httpx.Response:
        return customer.api.post(path, json=body)

    answers = [
        refused(f"{customer.path}/msg/{message}/endpoint/{endpoint}/resend"),
        refused(f"{of_endpoint}/recover", since),
        refused(f"{of_endpoint}/replay-missing", since),
        refused(f"{of_endpoint}/send-example", {"eventType": "a"}),
    ]

    for answer in answers:
        assert answer.status_code == 409, answer.text
        assert "disabled" in answer.json()["detail"]
    assert len(hooks.at("/")) == 1
