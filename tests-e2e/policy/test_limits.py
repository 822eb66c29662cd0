"""Limits of an endpoint hold however many workers there are, and nothing is lost by them."""

import threading
from bisect import bisect_right
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .customer import Customer
from .scripted_receiver import Reception, ScriptedReceiver
from .two_workers import TwoWorkers

RATE_PER_S = 20
BURST = 2
"""A tenth of a second's worth."""
MESSAGES = 80
ROUNDING_S = 0.002


def started_at_s(attempts: Sequence[dict[str, Any]]) -> list[float]:
    """When each attempt began, by the worker that made it: what the receiver sees may come in
    heaps on a busy machine."""
    return sorted(
        (
            datetime.fromisoformat(each["timestamp"])
            - timedelta(milliseconds=each["timings"]["total"])
        ).timestamp()
        for each in attempts
    )


def most_in_a_second(times_s: Sequence[float]) -> int:
    """How many of these were within any one second, at most."""
    return max(
        bisect_right(times_s, begin_s + 1 - ROUNDING_S) - place
        for place, begin_s in enumerate(times_s)
    )


def test_two_workers_together_never_exceed_an_endpoints_rate(
    two_workers: TwoWorkers, pg_customer: Customer, hooks: ScriptedReceiver
) -> None:
    endpoint = pg_customer.endpoint(f"{hooks.url}/limited", throttleRate=RATE_PER_S)
    pg_customer.endpoint(f"{hooks.url}/free")

    messages = pg_customer.post_many(MESSAGES)
    free = hooks.wait_accepted("/free", set(messages))
    limited = hooks.wait_accepted("/limited", set(messages))

    assert len(limited) == MESSAGES
    path = f"{pg_customer.path}/attempt/endpoint/{endpoint}?limit=250"

    def on_record() -> list[dict[str, Any]] | None:
        made: list[dict[str, Any]] = pg_customer.expect(200, "GET", path)["data"]
        return made if len(made) == MESSAGES else None

    times_s = started_at_s(until(on_record, 20, "all attempts are on record"))
    assert most_in_a_second(times_s) <= RATE_PER_S + BURST
    # It is a limit, not a crawl: at most twice as long as it makes them wait, beside what the
    # same messages took without one. And those did not wait for it.
    free_s = free[-1].ended_s - free[0].begun_s
    assert times_s[-1] - times_s[0] < 2 * MESSAGES / RATE_PER_S + free_s
    limited_at_s = {one.id: one.begun_s for one in limited}
    assert sum(one.begun_s < limited_at_s[one.id] for one in free) > MESSAGES / 2
    # What waited for its turn went in the order of messages, as far as a limit keeps to that.
    assert [one.id for one in limited[-10:]] == messages[-10:]


def test_two_workers_together_never_exceed_an_endpoints_concurrency(
    two_workers: TwoWorkers, pg_customer: Customer, hooks: ScriptedReceiver
) -> None:
    open_now, most_open = 0, 0
    counted = threading.Lock()
    pause = threading.Event()

    def take_a_while(_: Reception) -> int:
        nonlocal open_now, most_open
        with counted:
            open_now += 1
            most_open = max(most_open, open_now)
        pause.wait(0.05)
        with counted:
            open_now -= 1
        return 200

    hooks.answer("/", take_a_while)
    pg_customer.endpoint(f"{hooks.url}/", concurrency=3)

    messages = pg_customer.post_many(MESSAGES)
    received = hooks.wait_accepted("/", set(messages))

    assert len(received) == MESSAGES
    assert most_open == 3


def test_both_workers_deliver_what_has_no_limit(
    two_workers: TwoWorkers, pg_customer: Customer, hooks: ScriptedReceiver
) -> None:
    pg_customer.endpoint(f"{hooks.url}/")
    before = two_workers.delivered()

    def both() -> bool:
        hooks.wait_accepted("/", set(pg_customer.post_many(20)))
        after = two_workers.delivered()
        return all(now > then for now, then in zip(after, before, strict=True))

    until(both, 30, "both have made deliveries")
