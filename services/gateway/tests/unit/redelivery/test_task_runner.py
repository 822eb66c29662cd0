"""Background tasks are carried on in turns, step by step, whatever happens in between."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, field, replace

import pytest
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.redelivery.task_runner import (
    FAILURES_MAX,
    RETRY_S_MAX,
    TaskRunner,
)
from angarium_gateway.application.redelivery.task_steps import Stepped
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    TaskArguments,
    TaskKind,
    TaskProgress,
    TaskStatus,
)

from ...fakes.redelivery_models import (
    APPLICATION_ID,
    ENDPOINT_ID,
    MADE_AT,
    TENANT,
    MemoryTasks,
    unavailable,
)

ARGUMENTS = TaskArguments(APPLICATION_ID, ENDPOINT_ID, MADE_AT, MADE_AT)
FAST = 1_000_000_000


@dataclass
class CountingStep:
    """Goes a message further with each step, and is done after `steps`."""

    steps: int = 3
    made: list[bytes] = field(default_factory=list)
    outcomes: list[Problem | Exception] = field(default_factory=list)
    before: Callable[[], None] = lambda: None
    waits: asyncio.Event | None = None

    async def __call__(self, task: BackgroundTask, *, messages_max: int) -> Stepped | Problem:
        self.before()
        if self.waits is not None:
            self.waits.set()
            await asyncio.Event().wait()
        if self.outcomes:
            outcome = self.outcomes.pop(0)
            if isinstance(outcome, Problem):
                return outcome
            raise outcome
        self.made.append(task.id)
        number = task.progress.looked + 1
        return Stepped(TaskProgress(number.to_bytes(16), number, number), number >= self.steps)


class Rig:
    def __init__(self, step: CountingStep) -> None:
        self.tasks, self.step, self.now_s = MemoryTasks(), step, 0.0

    def runner(self, messages_per_s: int = FAST) -> TaskRunner:
        steps = dict.fromkeys(TaskKind, self.step)
        return TaskRunner(
            self.tasks,
            steps,
            messages_per_s=messages_per_s,
            lease_s=30,
            clock_s=lambda: self.now_s,
            poll_s=0.001,
        )

    async def start(self, number: int = 1) -> bytes:
        task_id = number.to_bytes(16)
        await self.tasks.start(task_id, TENANT, TaskKind.RECOVER, ARGUMENTS, running_max=10)
        return task_id

    def task(self, task_id: bytes) -> BackgroundTask:
        return self.tasks.rows[task_id].task


@pytest.fixture
def rig() -> Rig:
    return Rig(CountingStep())


async def test_a_task_is_carried_on_to_its_end_and_each_step_is_recorded(rig: Rig) -> None:
    task_id = await rig.start()
    assert await rig.runner().work_one_turn()
    assert [progress.looked for progress in rig.tasks.saved] == [1, 2]
    task = rig.task(task_id)
    assert (task.status, task.progress.looked, task.error) == (TaskStatus.FINISHED, 3, None)
    assert not await rig.runner().work_one_turn()


async def test_tasks_take_turns(rig: Rig) -> None:
    first, second = await rig.start(1), await rig.start(2)

    def six_seconds_pass() -> None:
        rig.now_s += 6
        rig.tasks.time += 6

    rig.step.before = six_seconds_pass
    while await rig.runner().work_one_turn():
        pass
    assert rig.step.made == [first, second, first, second, first, second]


async def test_a_task_of_a_killed_gateway_goes_on_from_the_last_step_on_record(rig: Rig) -> None:
    task_id = await rig.start()
    held = await rig.tasks.lease(lease_s=30)
    assert held is not None
    await rig.tasks.save(held, TaskProgress(b"c" * 16, 2, 2), lease_s=30)
    assert not await rig.runner().work_one_turn()
    rig.tasks.time += 31
    assert await rig.runner().work_one_turn()
    assert rig.step.made == [task_id]
    assert rig.task(task_id).progress.looked == 3
    assert not await rig.tasks.save(held, TaskProgress(), lease_s=30)


async def test_who_has_lost_a_task_leaves_it_alone(rig: Rig) -> None:
    task_id = await rig.start()

    def another_takes_it() -> None:
        rig.tasks.rows[task_id] = replace(rig.tasks.rows[task_id], fence=99)

    rig.tasks.on_save = another_takes_it
    assert await rig.runner().work_one_turn()
    assert (rig.step.made, rig.tasks.log) == ([task_id], ["lease"])
    assert rig.task(task_id).status is TaskStatus.RUNNING


async def test_what_passes_is_waited_for_ever_longer_and_forgotten_with_success(rig: Rig) -> None:
    task_id = await rig.start()
    rig.step.outcomes = [unavailable() for _ in range(8)]
    waits = []
    for _ in range(8):
        assert await rig.runner().work_one_turn()
        waits.append(rig.tasks.due[task_id] - rig.tasks.time)
        assert rig.task(task_id).error == "the worker did not answer"
        assert not await rig.runner().work_one_turn()
        rig.tasks.time = rig.tasks.due[task_id]
    assert waits == [1, 2, 4, 8, 16, 32, RETRY_S_MAX, RETRY_S_MAX]
    assert await rig.runner().work_one_turn()
    task = rig.task(task_id)
    assert (task.status, task.error) == (TaskStatus.FINISHED, None)


@pytest.mark.parametrize("code", sorted(set(ProblemCode) - {ProblemCode.UNAVAILABLE}))
async def test_what_lasts_ends_the_task_with_the_reason(rig: Rig, code: ProblemCode) -> None:
    task_id = await rig.start()
    rig.step.outcomes = [Problem(code, "the endpoint is disabled: it is gone")]
    await rig.runner().work_one_turn()
    task = rig.task(task_id)
    assert (task.status, task.error) == (TaskStatus.FAILED, "the endpoint is disabled: it is gone")


async def test_an_error_of_our_own_is_tried_again_and_then_ends_the_task(rig: Rig) -> None:
    task_id = await rig.start()
    rig.step.outcomes = [ValueError("secret words") for _ in range(FAILURES_MAX)]
    for number in range(FAILURES_MAX):
        assert rig.task(task_id).status is TaskStatus.RUNNING, number
        await rig.runner().work_one_turn()
        rig.tasks.time = rig.tasks.due[task_id]
    task = rig.task(task_id)
    assert task.status is TaskStatus.FAILED
    assert "in the gateway's log" in (task.error or "")
    assert "secret" not in (task.error or "")


async def test_a_stopped_gateway_lets_go_at_once(rig: Rig) -> None:
    task_id = await rig.start()
    rig.step.waits = asyncio.Event()
    running = asyncio.create_task(rig.runner().run())
    await rig.step.waits.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running
    assert rig.tasks.due[task_id] == rig.tasks.time
    assert rig.task(task_id).status is TaskStatus.RUNNING


async def test_a_database_that_is_away_is_waited_for(rig: Rig) -> None:
    task_id = await rig.start()
    rig.tasks.down = True
    with pytest.raises(JournalUnavailable):
        await rig.runner().work_one_turn()
    rig.step.outcomes = [JournalUnavailable("down")]
    finished = asyncio.Event()

    def it_is_back() -> None:
        if rig.task(task_id).progress.looked:
            finished.set()

    rig.tasks.on_save = it_is_back
    runner = rig.runner()
    running = asyncio.create_task(runner.run())
    rig.tasks.down = False
    rig.tasks.time += 31
    runner.wake()
    async with asyncio.timeout(5):
        while not finished.is_set():
            rig.tasks.time += 31
            await asyncio.sleep(0.001)
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_new_task_is_begun_without_waiting_for_the_next_look(rig: Rig) -> None:
    runner = TaskRunner(
        rig.tasks,
        dict.fromkeys(TaskKind, rig.step),
        messages_per_s=FAST,
        lease_s=30,
        clock_s=lambda: 0.0,
        poll_s=3600,
    )
    begun = asyncio.Event()
    rig.step.before = begun.set
    running = asyncio.create_task(runner.run())
    await asyncio.sleep(0)
    await rig.start()
    runner.wake()
    async with asyncio.timeout(5):
        await begun.wait()
    running.cancel()
    with pytest.raises(asyncio.CancelledError):
        await running


async def test_a_slow_rate_takes_small_steps(rig: Rig) -> None:
    sizes: list[int] = []

    class Sized(CountingStep):
        async def __call__(self, task: BackgroundTask, *, messages_max: int) -> Stepped | Problem:
            sizes.append(messages_max)
            return Stepped(task.progress, done=True)

    for rate in (1, 30, 5000):
        rig.step = Sized()
        await rig.start(rate)
        await rig.runner(rate).work_one_turn()
    assert sizes == [1, 30, 100]


async def test_a_task_that_is_canceled_makes_no_further_step(rig: Rig) -> None:
    task_id = await rig.start()
    canceling: list[asyncio.Task[BackgroundTask | None]] = []

    def cancel() -> None:
        canceling.append(asyncio.ensure_future(rig.tasks.cancel(TENANT, task_id)))

    # While the runner waits after the first step.
    rig.tasks.on_save = cancel
    await rig.runner().work_one_turn()

    assert len(canceling) == 1
    assert rig.step.made == [task_id]
    task = rig.task(task_id)
    assert (task.status, task.progress.looked) == (TaskStatus.CANCELED, 1)
    assert await rig.runner().work_one_turn() is False
