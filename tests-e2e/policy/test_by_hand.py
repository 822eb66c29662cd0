"""What people do with deliveries by hand."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from svix.api import BackgroundTaskListOptions, EndpointIn, EventTypeIn
from svix.exceptions import HttpError
from svix.models import (
    BackgroundTaskOut,
    BackgroundTaskStatus,
    BackgroundTaskType,
    EventExampleIn,
    RecoverIn,
    ReplayIn,
)

from ..waiting import until  # noqa: TID252 - tests are no installed package
from .customer import Customer
from .scripted_receiver import ScriptedReceiver

MANUAL = 1
SINCE = datetime.now(UTC) - timedelta(minutes=1)


def finished(customer: Customer, task_id: str) -> BackgroundTaskOut:
    """The task once it has ended, which it must have done well."""

    def ended() -> BackgroundTaskOut | None:
        task = customer.svix.background_task.get(task_id)
        return task if task.status != BackgroundTaskStatus.RUNNING else None

    task = until(ended, 30, f"{task_id} ends")
    assert task.status == BackgroundTaskStatus.FINISHED, task.data
    return task


def progress(task: BackgroundTaskOut) -> dict[str, Any]:
    """How many messages were looked at, resent and skipped."""
    return {name: task.data[name] for name in ("looked", "resent", "skipped")}


def test_one_message_is_sent_again(customer: Customer, hooks: ScriptedReceiver) -> None:
    endpoint = customer.endpoint(f"{hooks.url}/")
    message = customer.post()
    hooks.wait_accepted("/", {message})

    customer.svix.message_attempt.resend(customer.id, message, endpoint)

    again = hooks.wait("/", 2)
    assert [one.id for one in again] == [message, message]
    customer.await_stats(endpoint, success=1, pending=0, sending=0)
    triggers = [each["triggerType"] for each in customer.attempts(message, endpoint)]
    assert triggers == [0, MANUAL]


def test_a_delivery_that_waits_for_its_retry_is_sent_at_once_by_hand(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[600])
    message = customer.post()
    customer.await_stats(endpoint, sending=1)
    hooks.answer("/", 200)

    customer.svix.message_attempt.resend(customer.id, message, endpoint)

    hooks.wait_accepted("/", {message})
    customer.await_stats(endpoint, success=1, pending=0, sending=0)
    assert len(hooks.at("/")) == 2


def test_all_that_failed_since_a_time_is_recovered(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[])
    failed = set(customer.post_many(5))
    customer.await_stats(endpoint, fail=5)
    hooks.answer("/", 200)
    fine = customer.post()
    hooks.wait_accepted("/", {fine})

    started = customer.svix.endpoint.recover(customer.id, endpoint, RecoverIn(since=SINCE))
    task = finished(customer, started.id)

    received = hooks.wait_accepted("/", failed)
    assert progress(task) == {"looked": 5, "resent": 5, "skipped": 0}
    assert [one.id for one in received].count(fine) == 1
    customer.await_stats(endpoint, success=6, fail=0, pending=0)


def test_what_was_cancelled_because_the_endpoint_was_disabled_is_recovered_too(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[600])
    failed = set(customer.post_many(3))
    customer.await_stats(endpoint, sending=3)
    customer.patch(endpoint, disabled=True)
    customer.await_stats(endpoint, canceled=3)
    hooks.answer("/", 200)
    customer.patch(endpoint, disabled=False)

    started = customer.svix.endpoint.recover(customer.id, endpoint, RecoverIn(since=SINCE))
    finished(customer, started.id)

    hooks.wait_accepted("/", failed)
    customer.await_stats(endpoint, success=3, canceled=0)


def test_what_was_never_attempted_since_a_time_is_replayed(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    missed = set(customer.post_many(4, "wanted"))
    customer.post_many(2, "unwanted")
    endpoint = customer.svix.endpoint.create(
        customer.id, EndpointIn(url=f"{hooks.url}/", event_types=["wanted"])
    ).id
    known = customer.post("wanted")
    hooks.wait_accepted("/", {known})

    started = customer.svix.endpoint.replay_missing(customer.id, endpoint, ReplayIn(since=SINCE))
    task = finished(customer, started.id)

    received = hooks.wait_accepted("/", missed)
    assert {one.id for one in received} == missed | {known}
    assert len(received) == 5
    assert progress(task)["resent"] == 4


def test_all_that_is_pending_for_an_endpoint_is_cancelled(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    hooks.answer("/", 400)
    endpoint = customer.endpoint(f"{hooks.url}/", retrySchedule=[600])
    message = customer.post_many(6)[0]
    customer.await_stats(endpoint, sending=6)

    assert customer.cancel(f"endpoint/{endpoint}/cancel-pending") == {"canceled": 6, "done": True}

    customer.await_stats(endpoint, canceled=6, pending=0)
    assert customer.cancel(f"endpoint/{endpoint}/cancel-pending") == {"canceled": 0, "done": True}
    (destination,) = customer.expect(200, "GET", f"{customer.path}/msg/{message}/endpoint")["data"]
    assert destination["canceledReason"] == "cancelled manually"
    # What somebody cancelled is not what failed: a recovery leaves it alone.
    started = customer.svix.endpoint.recover(customer.id, endpoint, RecoverIn(since=SINCE))
    assert progress(finished(customer, started.id))["resent"] == 0


def test_an_example_goes_to_the_one_endpoint_only(
    customer: Customer, hooks: ScriptedReceiver
) -> None:
    name = f"invoice.{customer.id.removeprefix('app_')}"
    schema = {"type": "object", "examples": [{"amount": 1}, {"amount": 2}]}
    customer.svix.event_type.create(EventTypeIn(name=name, description="", schemas={"1": schema}))
    endpoint = customer.endpoint(f"{hooks.url}/one")
    customer.endpoint(f"{hooks.url}/other")

    sent = customer.svix.endpoint.send_example(
        customer.id, endpoint, EventExampleIn(event_type=name, example_index=1)
    )
    (one,) = hooks.wait("/one", 1)
    hooks.wait_accepted("/other", {customer.post()})

    secret = customer.svix.endpoint.get_secret(customer.id, endpoint).key
    assert (one.id, one.verify(secret)) == (sent.id, {"amount": 2})
    assert sent.id not in {each.id for each in hooks.at("/other")}


def test_background_tasks_are_listed_and_read(customer: Customer, hooks: ScriptedReceiver) -> None:
    endpoint = customer.endpoint(f"{hooks.url}/")
    recovery = customer.svix.endpoint.recover(customer.id, endpoint, RecoverIn(since=SINCE))
    replay = customer.svix.endpoint.replay_missing(customer.id, endpoint, ReplayIn(since=SINCE))
    for started in (recovery, replay):
        task = finished(customer, started.id)
        assert task.task == started.task
        assert (task.data["appId"], task.data["endpointId"]) == (customer.id, endpoint)

    of = customer.svix.background_task
    every = of.list(BackgroundTaskListOptions(limit=250)).data
    recoveries = of.list(
        BackgroundTaskListOptions(
            task=BackgroundTaskType.ENDPOINT_RECOVER, status=BackgroundTaskStatus.FINISHED
        )
    ).data

    ids = [task.id for task in every]
    assert ids.index(replay.id) < ids.index(recovery.id)
    assert recovery.id in {task.id for task in recoveries}
    assert replay.id not in {task.id for task in recoveries}
    with pytest.raises(HttpError) as unknown:
        of.get("qtask_0000000000000000000000")
    assert unknown.value.status_code == 404


def test_a_task_is_canceled_where_it_is(customer: Customer, hooks: ScriptedReceiver) -> None:
    count = 350
    for start in range(0, count, 70):
        messages = [{"eventType": "a", "payload": {"number": start + one}} for one in range(70)]
        answer = customer.api.post(f"/app/{customer.id}/msg/batch", json={"messages": messages})
        assert answer.status_code == 202, answer.text
    endpoint = customer.endpoint(f"{hooks.url}/")
    started = customer.svix.endpoint.replay_missing(customer.id, endpoint, ReplayIn(since=SINCE))
    path = f"/background-task/{started.id}"
    until(lambda: customer.api.get(path).json()["progress"]["done"] > 0, 30, "a step is made")

    canceled = customer.api.post(f"{path}/cancel").json()

    assert (canceled["state"], canceled["status"]) == ("canceled", "failed"), canceled
    done = canceled["progress"]["done"]
    assert 0 < done < count
    assert 0 <= canceled["progress"]["percent"] < 100
    # A step that was under way sends at most a hundred more, and no gateway begins another.
    hooks.wait("/", done)
    customer.await_stats(endpoint, pending=0, sending=0)
    assert len(hooks.at("/")) <= done + 100
    assert customer.api.get(path).json() == canceled
    assert customer.api.post(f"{path}/cancel").status_code == 409
