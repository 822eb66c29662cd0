"""The platform as its operators see it."""

import asyncio
from datetime import UTC, datetime

import httpx
import pytest
from angarium_chassis.statistics.resolutions import Resolution
from angarium_contracts.contract import Contract
from angarium_contracts.examination import ExamineService, ServiceExamined, ServiceFinding
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.platform.backlog_series import BacklogPoint, SampleBacklog
from angarium_gateway.application.platform.platform_state import Backlog

from .conftest import MADE_AT, PLATFORM_TOKEN, World
from .platform_model import JournalView, MemoryBacklog, a_process

PLATFORM = {"authorization": f"Bearer {PLATFORM_TOKEN}"}
PATHS = ("/api/v1/platform", "/api/v1/platform/findings", "/api/v1/platform/quarantine")


async def get(world: World, path: str, **params: str) -> httpx.Response:
    return await world.client.get(f"/api/v1{path}", params=params, headers=PLATFORM)


def examined(*findings: ServiceFinding, version: int = 7) -> ServiceExamined:
    return ServiceExamined(findings, version)


@pytest.mark.parametrize("path", PATHS)
async def test_a_key_of_a_tenant_may_not_look_at_the_platform(world: World, path: str) -> None:
    answer = await world.client.get(path)
    assert answer.status_code == 403
    assert "`platform`" in answer.json()["detail"]


async def test_processes_and_streams_are_shown_with_their_age(world: World) -> None:
    world.platform.streams.states.append(a_process("worker", seen_ago_ms=90_000, number=2))

    shown = (await get(world, "/platform")).json()

    assert [(each["service"], each["state"]) for each in shown["processes"]] == [
        ("dispatcher", "running"),
        ("gateway", "running"),
        ("worker", "running"),
        ("worker", "silent"),
    ]
    silent = shown["processes"][-1]
    assert (silent["heartbeatAgeS"], silent["pid"]) == (90.0, 2)
    assert shown["processes"][0]["databasePool"] == {"size": 8, "inUse": 1}
    assert shown["processes"][0]["redisPool"] is None
    (stream,) = shown["streams"]
    assert (stream["entries"], stream["waiting"], stream["inProgress"]) == (5, 3, 2)
    assert (stream["readers"], stream["silentReaders"]) == (1, 1)
    assert (stream["readBy"], stream["oldestAgeS"]) == ("dispatcher", 1.5)
    assert shown["backlog"] == {
        "openBatches": 2,
        "oldestOpenS": 1.5,
        "setAsideBatches": 1,
        "scheduleLateS": None,
    }
    assert shown["quarantine"] == {"gateway": 0, "dispatcher": 0, "worker": 2}


async def test_what_cannot_be_read_is_null(world: World) -> None:
    world.platform.streams.down = world.platform.journal.down = True
    answer = await get(world, "/platform")
    assert answer.status_code == 200
    shown = answer.json()
    assert {shown[name] for name in ("processes", "streams", "backlog", "redis")} == {None}


async def test_the_findings_of_all_services_are_in_order_with_the_worst_level(
    world: World,
) -> None:
    world.dispatcher.answers[ExamineService] = examined(
        ServiceFinding("ok", "dispatcher database", "SQLite answers.")
    )
    world.worker.answers[ExamineService] = examined(
        ServiceFinding("warning", "worker retries", "3 are overdue.", "Add workers."), version=5
    )

    found = (await get(world, "/platform/findings", older_than_s="60")).json()

    assert found["level"] == "warning"
    assert [each["subject"] for each in found["findings"]] == [
        "redis",
        "gateway database",
        "dispatcher database",
        "worker retries",
        "gateway directory copy",
        "worker directory copy",
    ]
    assert "2 changes behind" in found["findings"][-1]["sentence"]
    assert found["findings"][3]["remedy"] == "Add workers."
    assert world.worker.asked == [ExamineService(older_than_s=60.0)]


async def test_a_service_that_does_not_answer_is_a_problem(world: World) -> None:
    world.dispatcher.answers[ExamineService] = Problem(ProblemCode.UNAVAILABLE, "Not reachable.")
    world.worker.answers[ExamineService] = examined()

    found = (await get(world, "/platform/findings")).json()

    assert found["level"] == "problem"
    (problem,) = [each for each in found["findings"] if each["level"] == "problem"]
    assert problem["subject"] == "dispatcher"
    assert problem["remedy"].startswith("Start a dispatcher")


async def test_a_level_of_a_later_version_is_a_problem(world: World) -> None:
    world.dispatcher.answers[ExamineService] = examined()
    world.worker.answers[ExamineService] = examined(
        ServiceFinding("catastrophe", "worker", "It burns.", "Run.")
    )
    found = (await get(world, "/platform/findings")).json()
    assert found["level"] == "problem"


async def test_requests_that_come_together_share_one_examination(world: World) -> None:
    entered, go_on = asyncio.Event(), asyncio.Event()

    async def slow(_: ExamineService) -> Contract:
        entered.set()
        await go_on.wait()
        return examined()

    world.dispatcher.answers[ExamineService] = examined()
    world.worker.answers[ExamineService] = slow
    first = asyncio.create_task(get(world, "/platform/findings"))
    await entered.wait()
    second = asyncio.create_task(get(world, "/platform/findings"))
    while not second.done() and len(world.worker.asked) == 1:
        await asyncio.sleep(0)
        go_on.set()
    answers = [await first, await second]
    assert len(world.worker.asked) == 1
    assert answers[0].json() == answers[1].json()


async def test_the_backlog_by_time_is_there_if_it_is_asked_for(world: World) -> None:
    await world.platform.backlog.add(Backlog(4, 2.5, 0, None), MADE_AT)
    assert (await get(world, "/platform")).json()["backlogSeries"] is None

    shown = await get(world, "/platform", resolution="minute", since="2030-01-02T03:04:05Z")

    (point,) = shown.json()["backlogSeries"]
    assert (point["openBatches"], point["oldestOpenS"]) == (4, 2.5)
    assert world.platform.backlog.asked == [
        (Resolution.MINUTE, datetime(2030, 1, 2, 3, 4, tzinfo=UTC))
    ]
    refused = await get(world, "/platform", resolution="second")
    assert refused.status_code == 422


async def test_the_backlog_is_sampled_again_after_the_journal_was_down() -> None:
    journal, series = JournalView(down=True), MemoryBacklog()
    sampled = asyncio.Event()

    def now() -> datetime:
        sampled.set()
        return MADE_AT

    sampling = asyncio.create_task(SampleBacklog(journal, series, now, every_s=0).run())
    await asyncio.sleep(0)
    assert series.points == []
    journal.down = False
    await sampled.wait()
    while not series.points:
        await asyncio.sleep(0)
    sampling.cancel()
    assert series.points[0] == BacklogPoint(MADE_AT, 2, 1.5)
