"""Messages that are delivered at a time of their own."""

import time
from datetime import UTC, datetime, timedelta

from angarium_gateway.application.publish.schedule import LOOK_INTERVAL_S
from svix.api import EndpointIn, MessageIn

from .customer import Customer
from .scripted_receiver import ScriptedReceiver


def posted_for(customer: Customer, at: datetime) -> str:
    """The id of a message that is to be delivered then."""
    message = MessageIn(event_type="a", payload={"a": 1}, deliver_at=at)
    return customer.svix.message.create(customer.id, message).id


def test_a_message_is_delivered_at_its_time_and_not_before(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    customer.svix.endpoint.create(customer.id, EndpointIn(url=f"{hooks.url}/"))
    at = datetime.now(UTC) + timedelta(seconds=1.5)

    later = posted_for(customer, at)
    posted_s = time.time()
    now = customer.post()
    received = hooks.wait("/", 2)

    assert [one.id for one in received] == [now, later]
    assert received[1].begun_s >= at.timestamp()
    assert received[0].begun_s < at.timestamp()
    # After its time it takes no longer than a few looks at what is due, and a message's way.
    way_s = received[0].begun_s - posted_s
    assert received[1].begun_s <= at.timestamp() + 3 * LOOK_INTERVAL_S + 10 * way_s


def test_a_message_that_is_cancelled_before_its_time_is_never_delivered(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    customer.endpoint(f"{hooks.url}/")
    at = datetime.now(UTC) + timedelta(seconds=1.5)
    unwanted, wanted = posted_for(customer, at), posted_for(customer, at + timedelta(seconds=0.2))

    assert customer.cancel(f"msg/{unwanted}/cancel") == {"canceled": 1, "done": True}
    assert customer.cancel(f"msg/{unwanted}/cancel") == {"canceled": 0, "done": True}
    shown = customer.expect(200, "GET", f"{customer.path}/msg/{unwanted}")

    assert "canceledAt" in shown
    assert [one.id for one in hooks.wait("/", 1)] == [wanted]


def test_a_message_goes_to_the_endpoints_that_there_are_at_its_time(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    early = customer.endpoint(f"{hooks.url}/early")
    message = posted_for(customer, datetime.now(UTC) + timedelta(seconds=1))

    customer.endpoint(f"{hooks.url}/late")
    customer.patch(early, disabled=True)

    hooks.wait_accepted("/late", {message})
    assert hooks.at("/early") == []


def test_a_time_beyond_thirty_days_is_refused(customer: Customer) -> None:
    beyond = datetime.now(UTC) + timedelta(days=30, minutes=1)
    body = {"eventType": "a", "payload": {}, "deliverAt": beyond.isoformat()}

    refused = customer.expect(422, "POST", f"{customer.path}/msg", body)

    assert refused["detail"][0]["loc"] == ["body", "deliverAt"]
    within = (beyond - timedelta(minutes=2)).isoformat()
    scheduled = customer.post(deliverAt=within)
    assert customer.cancel(f"msg/{scheduled}/cancel")["canceled"] == 1
