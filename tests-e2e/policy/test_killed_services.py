"""Every service is killed at once, in the middle of everything: nothing of the policy is lost.

The kill is one for all these tests; what they say is what is found after it.
"""

import os
import signal
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
import pytest

from ..dev_platform import DevPlatform  # noqa: TID252 - tests are no installed package
from ..waiting import until  # noqa: TID252
from .customer import Customer
from .order import assert_no_message_overtakes
from .scripted_receiver import Reception, ScriptedReceiver

DUE_IN_S = 6
MISSED = 200
ORDERED = 100
LIMITED = 60
RATE_PER_S = 15
AFTERWARDS_S = 60.0


@dataclass(frozen=True, slots=True)
class Aftermath:
    """What was under way when everything was killed."""

    customer: Customer
    hooks: ScriptedReceiver
    due_at: datetime
    scheduled: str
    canceled: str
    ordered: list[str]
    ordered_endpoint: str
    limited: set[str]
    limited_endpoint: str
    missed: set[str]
    missing_endpoint: str
    task: str


@pytest.fixture(scope="module")
def aftermath(policy_platform: DevPlatform) -> Iterator[Aftermath]:
    """A scheduled message, an ordered queue and a background task; then the kill."""
    customer = Customer(policy_platform.url, policy_platform.key)
    with ScriptedReceiver() as hooks:
        found = _under_way(customer, hooks)
        assert _task(customer, found.task)["status"] == "running"
        for service in ("gateway", "dispatcher", "worker"):
            os.kill(policy_platform.pid(service), signal.SIGKILL)
        assert datetime.now(UTC) < found.due_at
        until(lambda: _answers(customer), AFTERWARDS_S, "the API answers again")
        yield found
        customer.close()


def _under_way(customer: Customer, hooks: ScriptedReceiver) -> Aftermath:
    begun_at = datetime.now(UTC)
    missed = customer.post_many(MISSED, "missed")
    missing = customer.endpoint(f"{hooks.url}/missed", eventTypes=["missed"])
    ordered = customer.endpoint(
        f"{hooks.url}/ordered", eventTypes=["ordered"], ordering="fifo", retrySchedule=[0.05] * 5
    )
    hooks.answer("/ordered", _some_fail_at_first)
    customer.endpoint(f"{hooks.url}/scheduled", eventTypes=["scheduled"])
    limited_endpoint = customer.endpoint(
        f"{hooks.url}/limited", eventTypes=["limited"], throttleRate=RATE_PER_S
    )
    messages = customer.post_many(ORDERED, "ordered")
    limited = customer.post_many(LIMITED, "limited")
    since = {"since": begun_at.isoformat()}
    task = customer.expect(202, "POST", f"{customer.path}/endpoint/{missing}/replay-missing", since)
    due_at = datetime.now(UTC) + timedelta(seconds=DUE_IN_S)
    scheduled, canceled = (customer.post("scheduled", deliverAt=due_at.isoformat()) for _ in "ab")
    customer.cancel(f"msg/{canceled}/cancel")
    hooks.wait("/ordered", 5)
    until(lambda: _task(customer, task["id"])["data"]["resent"], 10, "the task is under way")
    return Aftermath(
        customer,
        hooks,
        due_at,
        scheduled,
        canceled,
        messages,
        ordered,
        set(limited),
        limited_endpoint,
        set(missed),
        missing,
        task["id"],
    )


def _some_fail_at_first(reception: Reception) -> int:
    return 400 if reception.earlier == 0 and sum(reception.id.encode()) % 7 == 0 else 200


def _task(customer: Customer, task: str) -> dict[str, Any]:
    return dict(customer.expect(200, "GET", f"/background-task/{task}"))


def _answers(customer: Customer) -> bool:
    try:
        return customer.api.get(customer.path).status_code == 200
    except httpx.TransportError:
        return False


def test_an_ordered_queue_goes_on_in_order(aftermath: Aftermath) -> None:
    received = aftermath.hooks.wait_accepted("/ordered", set(aftermath.ordered), AFTERWARDS_S)

    assert_no_message_overtakes(received, aftermath.ordered)
    # At most what was in flight came twice.
    accepted = [one.id for one in received if one.status == 200]
    assert len(accepted) - len(set(accepted)) <= 1
    aftermath.customer.await_stats(aftermath.ordered_endpoint, success=ORDERED, pending=0)


def test_what_was_parked_for_a_limit_arrives(aftermath: Aftermath) -> None:
    received = aftermath.hooks.wait_accepted("/limited", aftermath.limited, AFTERWARDS_S)

    # Only what was sent last and was not on record comes again, and once.
    customer, endpoint = aftermath.customer, aftermath.limited_endpoint
    twice = [message for message, times in Counter(one.id for one in received).items() if times > 1]
    assert len(received) - LIMITED == len(twice) <= RATE_PER_S
    customer.await_stats(endpoint, success=LIMITED, pending=0)
    assert [len(customer.attempts(message, endpoint)) for message in twice] == [1] * len(twice)


def test_a_scheduled_message_is_delivered_once_and_not_before_its_time(
    aftermath: Aftermath,
) -> None:
    (one,) = aftermath.hooks.wait("/scheduled", 1, AFTERWARDS_S)

    assert one.id == aftermath.scheduled
    assert one.begun_s >= aftermath.due_at.timestamp()


def test_a_message_that_was_cancelled_stays_cancelled(aftermath: Aftermath) -> None:
    aftermath.hooks.wait_accepted("/scheduled", {aftermath.scheduled}, AFTERWARDS_S)
    later = aftermath.customer.post("scheduled")
    received = aftermath.hooks.wait_accepted("/scheduled", {later})

    assert aftermath.canceled not in {one.id for one in received}


def test_a_background_task_goes_on_to_its_end(aftermath: Aftermath) -> None:
    customer = aftermath.customer

    def ended() -> dict[str, Any] | None:
        task = _task(customer, aftermath.task)
        return task if task["status"] != "running" else None

    task = until(ended, AFTERWARDS_S, "the task ends")

    assert task["status"] == "finished", task
    assert task["data"]["looked"] >= MISSED
    aftermath.hooks.wait_accepted("/missed", aftermath.missed, AFTERWARDS_S)
    customer.await_stats(aftermath.missing_endpoint, success=MISSED, pending=0)
