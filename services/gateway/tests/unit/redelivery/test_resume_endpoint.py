"""Kept messages of an endpoint that is enabled are replayed by one task."""

from datetime import UTC, datetime, timedelta

import pytest
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.operational import ENDPOINT_RESUMED, OperationalEvent
from angarium_contracts.queries import Problem
from angarium_gateway.application.redelivery import resume_endpoint
from angarium_gateway.application.redelivery.resume_endpoint import ResumeEndpoint
from angarium_gateway.domain.background_tasks import TaskArguments, TaskKind

from ...fakes.redelivery_models import APPLICATION_ID, ENDPOINT_ID, TENANT, MemoryTasks

SINCE = datetime(2030, 1, 1, tzinfo=UTC)
ENABLED_AT = datetime(2030, 1, 2, tzinfo=UTC)
EVENT_ID = lowest_id_at(int(ENABLED_AT.timestamp() * 1_000))
EVENT = OperationalEvent(
    EVENT_ID, ENDPOINT_RESUMED, TENANT, APPLICATION_ID, ENDPOINT_ID, kept_since=SINCE
)


async def test_an_event_starts_one_task_however_often_it_is_reported() -> None:
    tasks, woken = MemoryTasks(), list[bool]()
    resume = ResumeEndpoint(tasks, lambda: woken.append(True))
    assert await resume(EVENT) is None
    assert await resume(EVENT) is None
    (held,) = tasks.rows.values()
    assert (held.task.id, held.task.kind) == (EVENT_ID, TaskKind.REPLAY_MISSING)
    assert held.task.arguments == TaskArguments(
        APPLICATION_ID, ENDPOINT_ID, SINCE, ENABLED_AT + timedelta(seconds=10), kept=True
    )
    assert woken == [True]


async def test_a_tenant_with_too_many_tasks_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resume_endpoint, "RUNNING_MAX", 0)
    assert isinstance(await ResumeEndpoint(MemoryTasks(), lambda: None)(EVENT), Problem)
