"""Endpoints that filter with expressions, and those whose messages are kept while they are
disabled."""

from datetime import UTC, datetime, timedelta

from svix.models import ReplayIn

from .customer import Customer
from .order import assert_in_order
from .scripted_receiver import ScriptedReceiver

SINCE = datetime.now(UTC) - timedelta(minutes=1)


def test_a_filter_chooses_messages_when_they_are_posted_and_replayed(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    text = 'payload.amount > 10 && "urgent" in tags'
    customer.endpoint(f"{hooks.url}/filtered", filter=text)
    customer.endpoint(f"{hooks.url}/all")
    wanted = customer.post(payload={"amount": 11}, tags=["urgent"])
    others = {
        customer.post(payload={"amount": 10}, tags=["urgent"]),
        customer.post(payload={"amount": 11}),
        customer.post(payload={}, tags=["urgent"]),
    }
    hooks.wait_accepted("/all", {wanted, *others})
    hooks.wait_accepted("/filtered", {wanted})

    late = customer.endpoint(f"{hooks.url}/late", filter=text)
    customer.svix.endpoint.replay_missing(customer.id, late, ReplayIn(since=SINCE))
    hooks.wait_accepted("/late", {wanted})
    customer.await_stats(late, success=1, pending=0, sending=0)

    last = customer.post(payload={"amount": 12}, tags=["urgent"])
    hooks.wait_accepted("/filtered", {last})
    assert {one.id for one in hooks.at("/filtered")} == {wanted, last}


def test_a_filter_is_tested_and_refused_before_it_is_saved(customer: Customer) -> None:
    endpoint = customer.endpoint("https://example.com/", channels=["eu"])
    example = {"eventType": "a", "payload": {"amount": 11}, "channels": ["eu"]}
    path = f"{customer.path}/endpoint/{endpoint}"
    given = {**example, "filter": "payload.amount > 11"}
    assert customer.expect(200, "POST", f"{path}/filter/test", example) == {"match": True}
    assert customer.expect(200, "POST", f"{path}/filter/test", given) == {"match": False}
    assert customer.expect(200, "POST", "/endpoint-filter/test", given) == {"match": False}
    refused = customer.expect(422, "PATCH", path, {"filter": "payload.amount >"})
    assert refused["detail"][0]["loc"] == ["body", "filter"]
    assert refused["detail"][0]["msg"].startswith("Line 1, column 17: ")


def test_an_ordered_endpoint_gets_what_was_kept_before_what_is_new(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    endpoint = customer.endpoint(f"{hooks.url}/", ordering="fifo", whileDisabled="keep")
    dropping = customer.endpoint(f"{hooks.url}/dropping")
    before = customer.post()
    hooks.wait_accepted("/", {before})
    for each in (endpoint, dropping):
        customer.patch(each, disabled=True)
    kept = customer.post_many(120)
    for each in (endpoint, dropping):
        customer.patch(each, disabled=False)
    new = customer.post_many(5)

    received = hooks.wait_accepted("/", {*kept, *new}, 60)
    assert_in_order(received, [before, *kept, *new])
    assert len(received) == 126
    hooks.wait_accepted("/dropping", {*new})
    assert {one.id for one in hooks.at("/dropping")} == {before, *new}
