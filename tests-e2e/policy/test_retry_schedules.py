"""When a failed delivery is tried again, and with what."""

import base64
import itertools
import os
from collections.abc import Callable

import pytest

from .customer import Customer
from .scripted_receiver import ScriptedReceiver

MESSAGES = 10
PLATFORM_ATTEMPTS = 4
"""One and three retries: the schedule of the platform's settings."""


def tries(customer: Customer, endpoint: str, message: str) -> int:
    """How often a message was sent until it was exhausted."""
    made = customer.attempts(message, endpoint)
    assert {attempt["statusText"] for attempt in made} == {"fail"}
    return len(made)


def test_the_most_specific_schedule_wins(
    new_tenant: Callable[[], Customer], hooks: ScriptedReceiver
) -> None:
    tenant = new_tenant()
    for path in ("/inherits", "/own"):
        hooks.answer(path, 400)
    inherits = tenant.endpoint(f"{hooks.url}/inherits")
    own = tenant.endpoint(f"{hooks.url}/own", retrySchedule=[0.1, 0.1])

    of_platform = tenant.post("plain")
    tenant.await_stats(inherits, fail=1)
    tenant.expect(200, "PUT", "/tenant/policy", {"retrySchedule": [0.1]})
    of_tenant = tenant.post("plain")
    event_type = {"name": "special", "description": "", "retrySchedule": []}
    tenant.expect(201, "POST", "/event-type", event_type)
    of_type = tenant.post("special")

    for endpoint in (inherits, own):
        tenant.await_stats(endpoint, fail=3)
    messages = (of_platform, of_tenant, of_type)
    assert [tries(tenant, inherits, each) for each in messages] == [PLATFORM_ATTEMPTS, 2, 1]
    assert [tries(tenant, own, each) for each in messages] == [3, 3, 3]


def test_retries_keep_to_the_schedule_within_its_jitter(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", 400)
    schedule = [0.5, 1.0, 0.1]
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=schedule)
    messages = customer.post_many(MESSAGES)

    customer.await_stats(endpoint, fail=MESSAGES)
    waited_s = [
        [
            later.begun_s - earlier.ended_s
            for earlier, later in itertools.pairwise(one for one in hooks.at("/") if one.id == id_)
        ]
        for id_ in messages
    ]
    for delay_s, gaps_s in zip(schedule, zip(*waited_s, strict=True), strict=True):
        assert min(gaps_s) >= delay_s * 0.8 - 0.01
        # Upwards there is what a busy machine adds, which not every message meets with.
        assert min(gaps_s) <= delay_s * 1.2 + 0.5


def test_a_retry_uses_the_url_secret_and_headers_of_now(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/old", 400)
    endpoint = customer.endpoint(f"{hooks.url}/old", retrySchedule=[3])
    message = customer.post()
    (first,) = hooks.wait("/old", 1)

    path = f"{customer.path}/endpoint/{endpoint}"
    secret = f"whsec_{base64.b64encode(os.urandom(24)).decode()}"
    customer.expect(204, "POST", f"{path}/secret/rotate", {"key": secret})
    customer.expect(204, "PUT", f"{path}/headers", {"headers": {"x-team": "billing"}})
    customer.patch(endpoint, url=f"{hooks.url}/new")
    (second,) = hooks.wait("/new", 1)

    assert (second.id, first.id) == (message, message)
    assert second.verify(secret) == {"a": 1}
    assert second.headers["x-team"] == "billing"
    assert "x-team" not in first.headers
    with pytest.raises(Exception, match="signature"):
        first.verify(secret)
    customer.await_stats(endpoint, success=1, pending=0)
    assert [attempt["url"] for attempt in customer.attempts(message, endpoint)] == [
        f"{hooks.url}/old",
        f"{hooks.url}/new",
    ]
