"""Ordered endpoints: strictly in message order, one in flight, whatever fails or is killed."""

from .customer import Customer
from .order import assert_in_order, assert_no_message_overtakes, assert_one_at_a_time
from .scripted_receiver import Reception, ScriptedReceiver
from .two_workers import TwoWorkers

MESSAGES = 200


def every_seventh_fails_at_first(reception: Reception) -> int:
    """By its id, so that it is the same ones however often they come."""
    return 400 if reception.earlier == 0 and sum(reception.id.encode()) % 7 == 0 else 200


def fifo_endpoint(customer: Customer, url: str, **options: object) -> str:
    """An ordered endpoint with quick retries."""
    return customer.endpoint(url, ordering="fifo", retrySchedule=[0.02] * 5, **options)


def test_two_hundred_messages_arrive_in_order_though_some_fail(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", every_seventh_fails_at_first)
    endpoint = fifo_endpoint(customer, f"{hooks.url}/")

    messages = customer.post_many(MESSAGES)
    received = hooks.wait_accepted("/", set(messages), 60)

    assert_in_order(received, messages)
    assert_one_at_a_time(received)
    assert len(received) > MESSAGES
    customer.await_stats(endpoint, success=MESSAGES, pending=0, sending=0)


def test_a_failing_head_blocks_those_behind_it_and_nobody_else(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/ordered", 400)
    ordered = customer.endpoint(f"{hooks.url}/ordered", ordering="fifo", retrySchedule=[600])
    customer.endpoint(f"{hooks.url}/other")
    messages = customer.post_many(20)

    hooks.wait_accepted("/other", set(messages))
    hooks.wait("/ordered", 1)
    customer.await_stats(ordered, pending=19, sending=1)
    assert {one.id for one in hooks.at("/ordered")} == {messages[0]}

    # Skipping the head by hand lets the rest go.
    hooks.answer("/ordered", 200)
    skipped = customer.cancel(f"msg/{messages[0]}/endpoint/{ordered}/cancel")
    received = hooks.wait_accepted("/ordered", set(messages[1:]))

    assert skipped == {"canceled": 1, "done": True}
    assert_in_order(received[1:], messages[1:])
    customer.await_stats(ordered, success=19, canceled=1, pending=0)


def test_an_exhausted_head_makes_room_for_the_next(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    endpoint = customer.endpoint(f"{hooks.url}/", ordering="fifo", retrySchedule=[0.1])
    hooks.answer("/", 400)
    bad = customer.post()
    hooks.answer("/", lambda reception: 400 if reception.id == bad else 200)

    good = customer.post_many(3)
    received = hooks.wait_accepted("/", set(good))

    assert [one.id for one in received] == [bad, bad, *good]
    customer.await_stats(endpoint, success=3, fail=1)


def test_two_workers_keep_the_order_also_when_the_one_that_sends_is_killed(
    two_workers: TwoWorkers, pg_customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", every_seventh_fails_at_first)
    fifo_endpoint(pg_customer, f"{hooks.url}/")

    messages = pg_customer.post_many(MESSAGES)
    hooks.wait("/", 20)
    before = two_workers.delivered()
    hooks.wait("/", len(hooks.at("/")) + 10)
    after = two_workers.delivered()
    two_workers.kill(0 if after[0] > before[0] else 1)
    messages += pg_customer.post_many(20)
    received = hooks.wait_accepted("/", set(messages), 60)

    assert_no_message_overtakes(received, messages)
