"""Background tasks on both engines: on record, in one pair of hands, listed."""

import asyncio
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import lowest_id_at
from angarium_gateway.adapters.database.background_tasks import BackgroundTaskTable
from angarium_gateway.adapters.database.tables import background_task
from angarium_gateway.application.read.id_window import IdWindow
from angarium_gateway.application.redelivery.background_tasks import (
    BackgroundTasks,
    TaskFilter,
    TaskLeases,
)
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    HeldTask,
    TaskArguments,
    TaskKind,
    TaskProgress,
    TaskStatus,
)
from sqlalchemy import update

TENANT, OTHER = b"t" * 16, b"o" * 16
ARGUMENTS = TaskArguments(
    application_id=bytes(range(16)),
    endpoint_id=b"\xff" * 16,
    since=datetime(2030, 1, 1, tzinfo=UTC),
    until=datetime(2030, 1, 2, 3, 4, 5, 6, tzinfo=UTC),
    event_types=("invoice.paid",),
    channel="eu",
)
PROGRESS = TaskProgress(cursor=b"\x00m" * 8, looked=5_000_000_000, resent=3, skipped=1)
LEASE_S = 30.0
EVERYTHING = TaskFilter()


@pytest.fixture
def tasks(database: Database) -> BackgroundTaskTable:
    return BackgroundTaskTable(database)


async def start(
    tasks: BackgroundTasks,
    number: int,
    kind: TaskKind = TaskKind.RECOVER,
    tenant_id: bytes = TENANT,
) -> bytes:
    task_id = number.to_bytes(16)
    made = await tasks.start(task_id, tenant_id, kind, ARGUMENTS, running_max=100)
    assert made is not None
    return task_id


async def lease(tasks: TaskLeases) -> HeldTask:
    held = await tasks.lease(lease_s=LEASE_S)
    assert held is not None
    return held


async def let_leases_run_out(database: Database) -> None:
    async with database.engine.begin() as connection:
        now_us = clock_us(on_postgres=database.on_postgres)
        await connection.execute(update(background_task).values(held_until=now_us))


async def test_a_task_is_on_record_as_it_was_started(tasks: BackgroundTaskTable) -> None:
    made = await tasks.start(b"1" * 16, TENANT, TaskKind.REPLAY_MISSING, ARGUMENTS, running_max=1)
    assert made is not None
    assert (made.kind, made.arguments, made.status) == (
        TaskKind.REPLAY_MISSING,
        ARGUMENTS,
        TaskStatus.RUNNING,
    )
    assert (made.progress, made.error) == (TaskProgress(), None)
    assert abs(datetime.now(UTC) - made.updated_at) < timedelta(minutes=1)
    assert await tasks.find(TENANT, made.id) == made
    assert await tasks.find(OTHER, made.id) is None
    assert await tasks.find(TENANT, b"2" * 16) is None


async def test_a_tenant_has_only_so_many_running(tasks: BackgroundTaskTable) -> None:
    await start(tasks, 1)
    await start(tasks, 2, tenant_id=OTHER)
    ask = (b"3" * 16, TENANT, TaskKind.RECOVER, ARGUMENTS)
    assert await tasks.start(*ask, running_max=1) is None
    await tasks.end(await lease(tasks), PROGRESS, error=None)
    assert await tasks.start(*ask, running_max=1) is not None


async def test_a_task_is_held_by_one_only(tasks: BackgroundTaskTable) -> None:
    ids = {await start(tasks, number) for number in range(3)}
    held = await asyncio.gather(*(tasks.lease(lease_s=LEASE_S) for _ in range(6)))
    taken = [one.task.id for one in held if one is not None]
    assert len(taken) == len(set(taken))
    for _ in range(6 - len(taken)):
        one = await tasks.lease(lease_s=LEASE_S)
        if one is not None:
            taken.append(one.task.id)
    assert sorted(taken) == sorted(ids)
    assert await tasks.lease(lease_s=LEASE_S) is None


async def test_progress_is_recorded_step_by_step(tasks: BackgroundTaskTable) -> None:
    task_id = await start(tasks, 1)
    held = await lease(tasks)
    assert await tasks.save(held, PROGRESS, lease_s=LEASE_S)
    found = await tasks.find(TENANT, task_id)
    assert found is not None
    assert (found.progress, found.status) == (PROGRESS, TaskStatus.RUNNING)
    assert await tasks.lease(lease_s=LEASE_S) is None


async def test_the_result_of_a_task_is_kept_with_its_progress(tasks: BackgroundTaskTable) -> None:
    whole = TaskArguments(
        application_id=b"",
        endpoint_id=b"",
        since=ARGUMENTS.since,
        until=ARGUMENTS.until,
        application_ids=(b"\x00" * 16, b"\xff" * 16),
    )
    task_id = b"1" * 16
    made = await tasks.start(task_id, TENANT, TaskKind.APPLICATION_STATS, whole, running_max=1)
    assert made is not None
    assert (made.arguments, made.progress.result) == (whole, None)
    half = TaskProgress(cursor=b"m" * 16, looked=1, result='[["app_1","größe",2]]')
    held = await lease(tasks)
    assert await tasks.save(held, half, lease_s=LEASE_S)
    assert await tasks.put_back(held, error="the worker did not answer")
    again = await lease(tasks)
    assert again.task.progress == half
    long = replace(half, result=f"[{'1,' * 200_000}1]")
    assert await tasks.end(again, long, error=None)
    found = await tasks.find(TENANT, task_id)
    assert found is not None
    assert (found.status, found.progress) == (TaskStatus.FINISHED, long)
    assert (await tasks.page(TENANT, IdWindow(1), EVERYTHING)).items == [found]


async def test_a_dead_gateways_task_is_resumed_and_its_late_writes_change_nothing(
    tasks: BackgroundTaskTable, database: Database
) -> None:
    task_id = await start(tasks, 1)
    dead = await lease(tasks)
    await tasks.save(dead, PROGRESS, lease_s=LEASE_S)
    await let_leases_run_out(database)
    held = await lease(tasks)
    assert (held.task.progress, held.fence) == (PROGRESS, dead.fence + 1)
    late = TaskProgress(b"z" * 16, 9, 9)
    assert not await tasks.save(dead, late, lease_s=LEASE_S)
    assert not await tasks.put_back(dead, error="late")
    assert not await tasks.end(dead, late, error="late")
    found = await tasks.find(TENANT, task_id)
    assert found is not None
    assert (found.progress, found.status, found.error) == (PROGRESS, TaskStatus.RUNNING, None)
    assert await tasks.lease(lease_s=LEASE_S) is None
    assert await tasks.save(held, late, lease_s=LEASE_S)


async def test_a_lease_that_ran_out_is_still_good_while_nobody_else_has_the_task(
    tasks: BackgroundTaskTable, database: Database
) -> None:
    await start(tasks, 1)
    held = await lease(tasks)
    await let_leases_run_out(database)
    assert await tasks.save(held, PROGRESS, lease_s=LEASE_S)
    assert await tasks.lease(lease_s=LEASE_S) is None


async def test_who_lets_go_lets_others_take_the_longest_waiting(tasks: BackgroundTaskTable) -> None:
    first, second = await start(tasks, 1), await start(tasks, 2)
    held = await lease(tasks)
    assert held.task.id == first
    assert await tasks.put_back(held, error=None)
    order = [(await lease(tasks)).task.id for _ in range(2)]
    assert sorted(order) == [first, second]
    assert await tasks.lease(lease_s=LEASE_S) is None


async def test_what_could_not_go_on_waits_and_counts_its_failures(
    tasks: BackgroundTaskTable, database: Database
) -> None:
    task_id = await start(tasks, 1)
    held = await lease(tasks)
    await tasks.save(held, PROGRESS, lease_s=LEASE_S)
    assert await tasks.put_back(held, after_s=60, error="the worker did not answer" * 100)
    assert await tasks.lease(lease_s=LEASE_S) is None
    found = await tasks.find(TENANT, task_id)
    assert found is not None
    assert (found.error or "").startswith("the worker did not answer")
    assert found.progress == PROGRESS
    await let_leases_run_out(database)
    again = await lease(tasks)
    assert again.failures == 1
    await tasks.put_back(again, error=None)
    again = await lease(tasks)
    assert again.failures == 1
    await tasks.save(again, PROGRESS, lease_s=LEASE_S)
    await tasks.put_back(again, error=None)
    again = await lease(tasks)
    assert (again.failures, again.task.error) == (0, None)


@pytest.mark.parametrize(
    ("error", "status"), [(None, TaskStatus.FINISHED), ("it is gone", TaskStatus.FAILED)]
)
async def test_an_ended_task_is_taken_no_more(
    tasks: BackgroundTaskTable, database: Database, error: str | None, status: TaskStatus
) -> None:
    task_id = await start(tasks, 1)
    held = await lease(tasks)
    assert await tasks.end(held, PROGRESS, error=error)
    found = await tasks.find(TENANT, task_id)
    assert found is not None
    assert (found.status, found.error, found.progress) == (status, error, PROGRESS)
    await let_leases_run_out(database)
    assert await tasks.lease(lease_s=LEASE_S) is None
    assert not await tasks.put_back(held, error=None)


@pytest.mark.parametrize("descending", [True, False])
async def test_pages_go_forth_and_back(tasks: BackgroundTaskTable, descending: bool) -> None:
    ids = [await start(tasks, number) for number in range(5)]
    await start(tasks, 9, tenant_id=OTHER)
    expected = ids[::-1] if descending else ids
    window = IdWindow(2, descending=descending)
    found: list[bytes] = []
    pages = []
    for _ in range(3):
        page = await tasks.page(TENANT, window, EVERYTHING)
        pages.append(([item.id for item in page.items], page.done))
        found.extend(item.id for item in page.items)
        window = IdWindow(2, found[-1], descending=descending)
    assert found == expected
    assert [done for _, done in pages] == [False, False, True]
    back = await tasks.page(
        TENANT, IdWindow(2, found[4], backwards=True, descending=descending), EVERYTHING
    )
    assert ([item.id for item in back.items], back.done) == (expected[2:4], False)


async def test_filters_choose_by_status_and_kind(tasks: BackgroundTaskTable) -> None:
    first = await start(tasks, 1)
    await tasks.end(await lease(tasks), PROGRESS, error="gone")
    second = await start(tasks, 2, TaskKind.REPLAY_MISSING)
    third = await start(tasks, 3)

    async def ids(chosen: TaskFilter) -> list[bytes]:
        page = await tasks.page(TENANT, IdWindow(50), chosen)
        return [item.id for item in page.items]

    assert await ids(EVERYTHING) == [third, second, first]
    assert await ids(TaskFilter(frozenset({TaskStatus.FAILED}))) == [first]
    assert await ids(TaskFilter(kind=TaskKind.REPLAY_MISSING)) == [second]
    assert await ids(TaskFilter(frozenset({TaskStatus.RUNNING}), TaskKind.RECOVER)) == [third]
    assert await ids(TaskFilter(frozenset({TaskStatus.FINISHED}))) == []
    assert await ids(TaskFilter(application_id=ARGUMENTS.application_id)) == [third, second, first]
    assert await ids(TaskFilter(application_id=b"%_/+" * 4)) == []


async def test_every_method_of_the_table_says_so_when_the_database_is_away(away: Database) -> None:
    tasks = BackgroundTaskTable(away)
    task = BackgroundTask(b"1" * 16, TENANT, TaskKind.RECOVER, ARGUMENTS, datetime.now(UTC))
    made = HeldTask(task, fence=1)
    for call in (
        tasks.start(b"1" * 16, TENANT, TaskKind.RECOVER, ARGUMENTS, running_max=1),
        tasks.find(TENANT, b"1" * 16),
        tasks.page(TENANT, IdWindow(1), EVERYTHING),
        tasks.lease(lease_s=1),
        tasks.save(made, PROGRESS, lease_s=1),
        tasks.put_back(made, error=None),
        tasks.end(made, PROGRESS, error=None),
    ):
        with pytest.raises(JournalUnavailable):
            await call


async def test_the_positions_of_kept_messages_are_those_of_running_tasks(
    tasks: BackgroundTaskTable,
) -> None:
    kept = replace(ARGUMENTS, kept=True)
    other = replace(ARGUMENTS, endpoint_id=b"f" * 16)
    for task_id, given in ((b"1" * 16, kept), (b"2" * 16, other)):
        await tasks.start(task_id, TENANT, TaskKind.REPLAY_MISSING, given, running_max=9)
    wanted = {kept.endpoint_id, other.endpoint_id, b"g" * 16}
    first = lowest_id_at(int(kept.since.timestamp() * 1_000))
    assert await tasks.kept_positions(wanted) == {kept.endpoint_id: first}
    held = await lease(tasks)
    assert held.task.id == b"1" * 16
    assert await tasks.save(held, PROGRESS, lease_s=LEASE_S)
    assert await tasks.kept_positions(wanted) == {kept.endpoint_id: PROGRESS.cursor}
    assert await tasks.kept_positions({other.endpoint_id}) == {}
    assert await tasks.end(held, PROGRESS, error=None)
    assert await tasks.kept_positions(wanted) == {}


async def test_a_task_is_stored_once_under_its_id(tasks: BackgroundTaskTable) -> None:
    first, again = [
        await tasks.start(b"1" * 16, TENANT, TaskKind.REPLAY_MISSING, ARGUMENTS, running_max=9)
        for _ in range(2)
    ]
    assert first == again


async def test_a_canceled_task_is_continued_by_nobody(
    tasks: BackgroundTaskTable, database: Database
) -> None:
    task_id = await start(tasks, 1)
    held = await lease(tasks)
    assert await tasks.still_held(held)

    canceled = await tasks.cancel(TENANT, task_id)

    assert canceled is not None
    assert (canceled.status, canceled.error) == (TaskStatus.CANCELED, "The task was canceled.")
    assert not await tasks.still_held(held)
    assert not await tasks.save(held, PROGRESS, lease_s=LEASE_S)
    assert not await tasks.end(held, PROGRESS, error=None)
    await let_leases_run_out(database)
    assert await tasks.lease(lease_s=LEASE_S) is None
    assert await tasks.find(TENANT, task_id) == canceled
    assert await tasks.cancel(TENANT, task_id) is None


async def test_only_running_tasks_of_the_own_tenant_are_canceled(
    tasks: BackgroundTaskTable,
) -> None:
    task_id = await start(tasks, 1)
    assert await tasks.cancel(OTHER, task_id) is None
    assert await tasks.cancel(TENANT, b"x" * 16) is None
    await tasks.end(await lease(tasks), PROGRESS, error=None)
    assert await tasks.cancel(TENANT, task_id) is None
    found = await tasks.find(TENANT, task_id)
    assert found is not None
    assert found.status is TaskStatus.FINISHED


async def test_the_person_of_a_canceled_erasure_is_forgotten(tasks: BackgroundTaskTable) -> None:
    arguments = replace(ARGUMENTS, subject="customer-77")
    await tasks.start(b"1" * 16, TENANT, TaskKind.PURGE_CONTENT, arguments, running_max=1)
    canceled = await tasks.cancel(TENANT, b"1" * 16)
    assert canceled is not None
    assert canceled.arguments == replace(ARGUMENTS, subject=None)
