"""Statistics through the official SDK, and time series of the same deliveries."""

from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from svix.api import ApplicationOut, EndpointIn, MessageIn, Svix, SvixOptions
from svix.models import (
    AppUsageStatsIn,
    BackgroundTaskOut,
    BackgroundTaskStatus,
    BackgroundTaskType,
    EndpointAttemptStats,
)

from ..child_process import run_angarium  # noqa: TID252 - tests are no installed package
from ..dev_platform import DevPlatform  # noqa: TID252
from ..waiting import until  # noqa: TID252
from ..webhook_receiver import WebhookReceiver  # noqa: TID252

MESSAGES = 3


def test_attempts_are_counted_and_the_count_is_exact(
    api: httpx.Client,
    application: ApplicationOut,
    receiver: WebhookReceiver,
    platform: DevPlatform,
) -> None:
    # The published document, by which the other tests check answers, lacks these operations.
    svix = Svix(platform.key, SvixOptions(server_url=platform.url, retry_schedule=[]))
    endpoint = svix.endpoint.create(application.id, EndpointIn(url=f"{receiver.url}/ok")).id
    for number in range(MESSAGES):
        svix.message.create(
            application.id, MessageIn(event_type=f"type.{number % 2}", payload={"number": number})
        )

    def stats() -> EndpointAttemptStats | None:
        found = svix.endpoint.get_attempt_stats(application.id, endpoint)
        return found if found.success >= MESSAGES else None

    found = until(stats, 20, "attempts are counted")
    assert (found.success, found.fail, found.canceled) == (MESSAGES, 0, 0)
    deliveries = svix.endpoint.get_stats(application.id, endpoint)
    assert (deliveries.success, deliveries.fail, deliveries.canceled) == (MESSAGES, 0, 0)

    def series() -> list[dict[str, Any]] | None:
        answer = api.get(
            f"/app/{application.id}/stats/series",
            params={"resolution": "day", "group_by": "event_type"},
        )
        points: list[dict[str, Any]] = answer.json()["data"]
        return points if sum(each["accepted"] for each in points) >= MESSAGES else None

    points = until(series, 20, "messages are counted")
    of_type = {each["group"]: each for each in points}
    assert {name: each["accepted"] for name, each in of_type.items()} == {"type.0": 2, "type.1": 1}
    assert {name: each["delivered"] for name, each in of_type.items()} == {"type.0": 2, "type.1": 1}
    assert of_type["type.0"]["deliveryLatencyMs"]["p99"] > 0

    def result(task_id: str) -> BackgroundTaskOut | None:
        task = svix.background_task.get(task_id)
        return None if task.status is BackgroundTaskStatus.RUNNING else task

    now = datetime.now(UTC)
    wanted = AppUsageStatsIn(
        since=now - timedelta(hours=2), until=now, app_ids=[application.uid or "", "nobody"]
    )
    started = svix.statistics.aggregate_app_stats(wanted)
    assert started.task is BackgroundTaskType.APPLICATION_STATS
    assert started.unresolved_app_ids == ["nobody"]
    usage = until(lambda: result(started.id), 20, "the usage of applications is counted")
    assert usage.status is BackgroundTaskStatus.FINISHED
    assert usage.data["appStats"] == [
        {"appId": application.id, "appUid": application.uid, "messageDestinations": MESSAGES}
    ]
    collecting = svix.statistics.aggregate_event_types()
    assert collecting.task is BackgroundTaskType.EVENT_TYPE_AGGREGATE
    collected = until(lambda: result(collecting.id), 20, "event types are collected")
    assert collected.status is BackgroundTaskStatus.FINISHED
    (ours,) = (each for each in collected.data["event_types"] if each["appId"] == application.id)
    assert (ours["hasCatchAllEndpoint"], ours["explicitlySubscribedEventTypes"]) == (True, [])

    verified = run_angarium(
        ["verify", "--since", "1h", "--until", "now", "--data-dir", str(platform.data_dir)]
    )
    assert "Statistics are exact" in verified.stdout, verified.stdout + verified.stderr
