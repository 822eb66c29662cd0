"""What a tenant is told of by webhooks of Angarium's own."""

import json
from typing import Any

from svix.api import EndpointIn, EndpointPatch, MessageIn
from svix.models import OperationalWebhookEndpointIn

from .customer import Customer
from .operations import Operations
from .scripted_receiver import ScriptedReceiver

EXHAUSTED = "message.attempt.exhausted"
FAILING = "message.attempt.failing"
RECOVERED = "message.attempt.recovered"


def failing_times(count: int) -> Any:
    """An answer: refuse each message so often, then take it."""
    return lambda reception: 400 if reception.earlier < count else 200


def test_the_tenant_is_told_of_endpoints_that_come_change_and_go(
    customer: Customer, operations: Operations
) -> None:
    of = customer.svix.endpoint
    made = of.create(customer.id, EndpointIn(url="https://example.com/", uid="main"))

    created = operations.told(made.id, "endpoint.created")
    of.patch(customer.id, made.id, EndpointPatch(description="changed"))
    operations.told(made.id, "endpoint.updated")
    of.delete(customer.id, made.id)
    deleted = operations.told(made.id, "endpoint.deleted")

    assert created == deleted
    application = customer.svix.application.get(customer.id)
    assert created == {
        "appId": customer.id,
        "appUid": application.uid,
        "endpointId": made.id,
        "endpointUid": "main",
    }
    assert operations.kinds(made.id) == [
        "endpoint.created",
        "endpoint.updated",
        "endpoint.deleted",
    ]


def test_the_tenant_is_told_on_the_fourth_failure_and_of_the_recovery(
    customer: Customer, hooks: ScriptedReceiver, operations: Operations
) -> None:
    hooks.answer("/", failing_times(5))
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[0.1] * 6)
    message = customer.svix.message.create(
        customer.id, MessageIn(event_type="a", payload={}, event_id="order-7")
    )

    failing = operations.told(endpoint, FAILING)
    recovered = operations.told(endpoint, RECOVERED)

    made = customer.attempts(message.id, endpoint)
    assert [attempt["responseStatusCode"] for attempt in made] == [400] * 5 + [200]
    for data, attempt in ((failing, made[3]), (recovered, made[5])):
        assert (data["appId"], data["msgId"]) == (customer.id, message.id)
        assert data["msgEventId"] == "order-7"
        assert data["lastAttempt"]["id"] == attempt["id"]
        assert data["lastAttempt"]["responseStatusCode"] == attempt["responseStatusCode"]
        assert data["lastAttempt"]["timestamp"] == attempt["timestamp"]
    assert EXHAUSTED not in operations.kinds(endpoint)


def test_the_tenant_is_told_of_a_delivery_that_is_exhausted(
    customer: Customer, hooks: ScriptedReceiver, operations: Operations
) -> None:
    hooks.answer("/", 404)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[0.1])
    message = customer.post()

    exhausted = operations.told(endpoint, EXHAUSTED)

    made = customer.attempts(message, endpoint)
    assert exhausted["msgId"] == message
    assert exhausted["lastAttempt"]["id"] == made[-1]["id"]
    assert exhausted["lastAttempt"]["responseStatusCode"] == 404
    assert {FAILING, RECOVERED}.isdisjoint(operations.kinds(endpoint))


def test_an_operational_endpoint_gets_only_the_kinds_that_it_asks_for(
    customer: Customer, hooks: ScriptedReceiver, operations: Operations
) -> None:
    of = customer.svix.operational_webhook.endpoint
    chosen = of.create(
        OperationalWebhookEndpointIn(url=f"{hooks.url}/chosen", event_types=["endpoint.deleted"])
    )
    endpoint = customer.endpoint("https://example.com/")
    customer.expect(204, "DELETE", f"{customer.path}/endpoint/{endpoint}")

    operations.told(endpoint, "endpoint.deleted")
    (only,) = hooks.wait("/chosen", 1)
    of.delete(chosen.id)

    assert json.loads(only.body)["type"] == "endpoint.deleted"


def test_operational_webhooks_tell_nothing_of_themselves(
    customer: Customer, hooks: ScriptedReceiver, operations: Operations
) -> None:
    of = customer.svix.operational_webhook.endpoint
    hooks.answer("/broken", 404)
    broken = of.create(OperationalWebhookEndpointIn(url=f"{hooks.url}/broken"))
    endpoint = customer.endpoint("https://example.com/")

    operations.told(endpoint, "endpoint.created")
    # All its retries are over, and were told to nobody: the next event comes after them.
    hooks.wait("/broken", lambda found: any(one.earlier == 3 for one in found))
    customer.expect(204, "DELETE", f"{customer.path}/endpoint/{endpoint}")
    operations.told(endpoint, "endpoint.deleted")
    of.delete(broken.id)

    assert operations.kinds(broken.id) == []
