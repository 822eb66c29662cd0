"""An endpoint that only fails is disabled, its owner hears of it, and can enable it again."""

import time
from datetime import datetime

from .conftest import SETTINGS
from .customer import Customer
from .operations import Operations
from .scripted_receiver import ScriptedReceiver

DISABLE_AFTER_S = 1.0
FAILURES_MIN = int(SETTINGS["ANGARIUM_ENDPOINT_DISABLE_FAILURES_MIN"])
POSTS_MAX = 600


def post_until_disabled(customer: Customer, endpoint: str) -> int:
    """How many messages it took."""
    path = f"{customer.path}/endpoint/{endpoint}"
    for count in range(1, POSTS_MAX):
        customer.post()
        if customer.expect(200, "GET", path)["disabled"]:
            return count
    raise AssertionError(f"not disabled after {POSTS_MAX} messages")


def test_an_endpoint_that_only_fails_is_disabled_and_enabling_it_begins_anew(
    customer: Customer, hooks: ScriptedReceiver, operations: Operations
) -> None:
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[])
    path = f"{customer.path}/endpoint/{endpoint}"
    begun_s = time.time()

    posted = post_until_disabled(customer, endpoint)

    assert time.time() - begun_s >= DISABLE_AFTER_S
    assert posted >= FAILURES_MIN
    told = operations.told(endpoint, "endpoint.disabled")
    fail_since_s = datetime.fromisoformat(told["failSince"]).timestamp()
    # From its first failure on, that is, for as long as it takes to be disabled.
    assert begun_s - 0.1 <= fail_since_s <= time.time() - DISABLE_AFTER_S
    assert customer.expect(200, "GET", path)["disabledReason"]

    # Nothing is sent while it is disabled; once enabled it takes what is new.
    unsent = customer.post()
    hooks.answer("/", 200)
    customer.patch(endpoint, disabled=False)
    delivered = customer.post()
    hooks.wait_accepted("/", {delivered})
    assert unsent not in {one.id for one in hooks.at("/")}
    enabled = customer.expect(200, "GET", path)
    assert (enabled["disabled"], enabled.get("disabledReason")) == (False, None)
    # Its failures of before are forgotten: one more does not disable it.
    hooks.answer("/", 400)
    failed = customer.stats(endpoint)["fail"]
    customer.post()
    customer.await_stats(endpoint, fail=failed + 1, success=1)
    assert not customer.expect(200, "GET", path)["disabled"]


def test_a_success_between_failures_keeps_an_endpoint_enabled(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    refused = iter(range(POSTS_MAX))
    # One of twenty is taken: never a hundred failures in a row without a success.
    hooks.answer("/", lambda _: 200 if next(refused) % 20 == 19 else 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[])

    begun_s = time.time()
    while time.time() < begun_s + 1.5 * DISABLE_AFTER_S or len(hooks.at("/")) < 1.5 * FAILURES_MIN:
        customer.post()

    assert not customer.expect(200, "GET", f"{customer.path}/endpoint/{endpoint}")["disabled"]
    assert customer.state(endpoint)["state"] == "delivering"


def test_since_when_an_endpoint_fails_is_visible_until_it_succeeds(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[])
    begun_s = time.time()
    customer.post()
    hooks.wait("/", 1)

    failing = customer.await_state_where(endpoint, lambda state: state["failingSince"])
    since_s = datetime.fromisoformat(failing["failingSince"]).timestamp()
    assert begun_s <= since_s <= time.time()

    hooks.answer("/", 200)
    hooks.wait_accepted("/", {customer.post()})
    customer.await_state(endpoint, failingSince=None)
