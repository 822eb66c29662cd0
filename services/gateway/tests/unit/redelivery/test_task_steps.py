"""One step of a background task: what is asked for, what is passed on, how far it has come."""

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from angarium_contracts.deliveries import MatchMessages, ResendDeliveries
from angarium_contracts.ids import lowest_id_at
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.redelivery.redelivery_dispatcher import RedeliveryDispatcher
from angarium_gateway.application.redelivery.task_steps import (
    RecoverFailed,
    ReplayMessages,
    Step,
    Stepped,
)
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    TaskArguments,
    TaskKind,
    TaskProgress,
)
from angarium_gateway.domain.messages import NewMessage
from msgspec.structs import replace as changed

from ...fakes.redelivery_models import (
    APPLICATION_ID,
    ENDPOINT_ID,
    MADE_AT,
    TENANT,
    DispatcherModel,
    MemoryReplayJournal,
    WorkerModel,
    ms,
    unavailable,
)

MIB = 1024 * 1024


def id_of(number: int) -> bytes:
    return lowest_id_at(ms(MADE_AT) + number)


def a_message(number: int, **more: Any) -> NewMessage:
    message = NewMessage(id_of(number), TENANT, APPLICATION_ID, "invoice.paid", b'{"a": 1}')
    return changed(message, **more)


class Rig:
    """Messages 0 to 9 of the application, and a task about them."""

    def __init__(self, kind: TaskKind) -> None:
        self.journal, self.worker = MemoryReplayJournal(), WorkerModel()
        self.dispatcher = DispatcherModel(delays={"invoice.paid": (1.0, 2.0)})
        self.journal.add(*(a_message(number) for number in range(10)))
        redelivery = RedeliveryDispatcher(
            journal=self.journal, ask_dispatcher=self.dispatcher, ask_worker=self.worker
        )
        self.now = MADE_AT + timedelta(minutes=1)
        ports: Any = {
            "journal": self.journal,
            "redelivery": redelivery,
            "ask_worker": self.worker,
        }
        self.step: Step = (
            RecoverFailed(**ports)
            if kind is TaskKind.RECOVER
            else ReplayMessages(**ports, now=lambda: self.now)
        )
        arguments = TaskArguments(
            APPLICATION_ID, ENDPOINT_ID, MADE_AT, MADE_AT + timedelta(seconds=1)
        )
        self.task = BackgroundTask(b"q" * 16, TENANT, kind, arguments, MADE_AT)

    async def go_on(self, messages_max: int = 100) -> Stepped:
        outcome = await self.step(self.task, messages_max=messages_max)
        assert isinstance(outcome, Stepped)
        self.task = replace(self.task, progress=outcome.progress)
        return outcome

    async def to_the_end(self, messages_max: int = 100) -> TaskProgress:
        for _ in range(100):
            if (await self.go_on(messages_max)).done:
                return self.task.progress
        raise AssertionError("the task does not end")

    @property
    def resent(self) -> list[list[int]]:
        """The numbers of the messages of each command to the worker."""
        return [
            [int.from_bytes(one.id[:6]) - ms(MADE_AT) for one in command.messages]
            for command in self.worker.resends
        ]


@pytest.fixture
def recovery() -> Rig:
    return Rig(TaskKind.RECOVER)


@pytest.fixture
def replay() -> Rig:
    return Rig(TaskKind.REPLAY_MISSING)


async def test_a_recovery_delivers_what_failed_page_by_page(recovery: Rig) -> None:
    for number in (1, 2, 4, 7, 8):
        recovery.worker.deliveries[id_of(number)] = "failed"
    recovery.worker.deliveries[id_of(3)] = "done"
    first = await recovery.go_on(2)
    assert (first.done, first.progress.cursor) == (False, id_of(2))
    assert await recovery.to_the_end(2) == TaskProgress(id_of(8), looked=5, resent=5, skipped=0)
    assert recovery.resent == [[1, 2], [4, 7], [8]]


async def test_a_command_to_the_worker_carries_what_the_dispatcher_gave(recovery: Rig) -> None:
    recovery.worker.deliveries[id_of(1)] = "failed"
    recovery.journal.add(a_message(1, channels=("eu",), trace="00-1-2-01"))
    await recovery.go_on()
    (question,) = recovery.dispatcher.asked
    assert isinstance(question, MatchMessages)
    assert question.by_hand
    assert question.kinds[0].channels == ("eu",)
    (command,) = recovery.worker.resends
    (message,) = command.messages
    assert command == ResendDeliveries(
        TENANT, APPLICATION_ID, ENDPOINT_ID, 8, (message,), weight=3, only_missing=False
    )
    assert (message.payload, message.trace) == (b'{"a": 1}', "00-1-2-01")
    assert (message.channels, message.retry_delays_s) == (("eu",), (1.0, 2.0))


async def test_a_recovery_skips_what_has_no_content_or_is_not_there(recovery: Rig) -> None:
    for number in (1, 2, 3, 77):
        recovery.worker.deliveries[id_of(number)] = "failed"
    recovery.journal.add(a_message(2, payload=b"", expunged=True))
    assert await recovery.to_the_end() == TaskProgress(id_of(77), looked=4, resent=2, skipped=2)
    assert recovery.resent == [[1, 3]]


async def test_without_failures_a_recovery_is_done_at_once(recovery: Rig) -> None:
    assert await recovery.go_on() == Stepped(TaskProgress(), done=True)
    assert recovery.dispatcher.asked == []


async def test_a_command_holds_at_most_four_mebibytes_unless_it_is_one_message(
    recovery: Rig, replay: Rig
) -> None:
    big = [a_message(number, payload=b"x" * (3 * MIB // 2)) for number in range(5)]
    huge = a_message(5, payload=b"x" * (5 * MIB))
    for rig in (recovery, replay):
        rig.journal.add(*big, huge)
        if rig is recovery:
            rig.worker.deliveries.update((id_of(number), "failed") for number in range(6))
        progress = await rig.to_the_end()
        assert rig.resent[:4] == [[0, 1], [2, 3], [4], [5]]
        assert progress.resent == sum(map(len, rig.resent))
        assert progress.looked == (6 if rig is recovery else 10)


async def test_a_replay_delivers_what_was_never_attempted_and_is_wanted(replay: Rig) -> None:
    replay.dispatcher.wants = {"invoice.paid"}
    replay.journal.add(a_message(2, event_type="invoice.sent"))
    replay.worker.deliveries.update({id_of(0): "done", id_of(1): "failed", id_of(3): "pending"})
    progress = await replay.to_the_end(4)
    assert progress == TaskProgress(id_of(9), looked=10, resent=6, skipped=0)
    assert replay.resent == [[4, 5, 6, 7], [8, 9]]
    assert all(command.only_missing for command in replay.worker.resends)


async def test_a_replay_leaves_out_what_was_for_one_endpoint(replay: Rig) -> None:
    replay.journal.targeted = [a_message(5)]
    await replay.to_the_end()
    assert replay.resent == [[0, 1, 2, 3, 4, 6, 7, 8, 9]]


@pytest.mark.parametrize("kind", [TaskKind.REPLAY_MISSING, TaskKind.BULK_REPLAY])
async def test_a_replay_waits_for_first_deliveries_that_are_on_their_way(kind: TaskKind) -> None:
    rig = Rig(kind)
    rig.journal.open_ids = {id_of(2), id_of(4)}
    stepped = await rig.go_on()
    assert stepped == Stepped(TaskProgress(id_of(1), looked=2, resent=2), done=False)
    waiting = await rig.step(rig.task, messages_max=100)
    assert isinstance(waiting, Problem)
    assert waiting.code is ProblemCode.UNAVAILABLE
    rig.journal.open_ids = {id_of(4)}
    rig.worker.deliveries[id_of(2)] = "done"
    assert (await rig.go_on()).progress.cursor == id_of(3)
    rig.journal.open_ids = set()
    progress = await rig.to_the_end()
    missing = kind is TaskKind.REPLAY_MISSING
    assert progress == TaskProgress(id_of(9), looked=10, resent=9 if missing else 10)
    assert rig.resent == [[0, 1], [3] if missing else [2, 3], [4, 5, 6, 7, 8, 9]]


async def test_a_replay_does_not_wait_for_what_it_does_not_ask_for() -> None:
    rig = Rig(TaskKind.BULK_REPLAY)
    rig.journal.open_ids = {id_of(2)}
    rig.journal.add(a_message(2, event_type="invoice.sent"))
    arguments = replace(rig.task.arguments, event_types=("invoice.paid",))
    rig.task = replace(rig.task, arguments=arguments)
    assert await rig.to_the_end() == TaskProgress(id_of(9), looked=10, resent=9)


async def test_a_replay_keeps_to_its_time_inclusive(replay: Rig) -> None:
    arguments = replace(
        replay.task.arguments,
        since=MADE_AT + timedelta(milliseconds=3),
        until=MADE_AT + timedelta(milliseconds=5),
    )
    replay.task = replace(replay.task, arguments=arguments)
    await replay.to_the_end()
    assert replay.resent == [[3, 4, 5]]


async def test_a_bulk_replay_delivers_again_what_its_filters_choose() -> None:
    rig = Rig(TaskKind.BULK_REPLAY)
    rig.journal.add(
        a_message(0, channels=("eu",), tags=("vip",)),
        a_message(1, channels=("eu",)),
        a_message(2, tags=("vip",)),
        a_message(3, channels=("eu",), tags=("vip",), event_type="invoice.sent"),
    )
    rig.worker.deliveries[id_of(0)] = "done"
    arguments = replace(rig.task.arguments, event_types=("invoice.paid",), channel="eu", tag="vip")
    rig.task = replace(rig.task, arguments=arguments)
    assert (await rig.to_the_end()).resent == 1
    (command,) = rig.worker.resends
    assert ([one.id for one in command.messages], command.only_missing) == ([id_of(0)], False)


@pytest.mark.parametrize("kind", [TaskKind.RECOVER, TaskKind.REPLAY_MISSING])
async def test_the_same_page_twice_delivers_nothing_twice(kind: TaskKind) -> None:
    rig = Rig(kind)
    if kind is TaskKind.RECOVER:
        rig.worker.deliveries.update((id_of(number), "failed") for number in range(10))
    before = rig.task
    await rig.go_on(5)
    rig.task = before  # The step was made, and not recorded.
    await rig.to_the_end(5)
    assert sorted(number for numbers in rig.resent for number in numbers) == list(range(10))


@pytest.mark.parametrize("kind", list(TaskKind))
async def test_a_problem_of_either_service_is_the_steps(kind: TaskKind) -> None:
    rig = Rig(kind)
    rig.worker.deliveries[id_of(1)] = "failed"
    disabled = Problem(ProblemCode.CONFLICT, "the endpoint is disabled; enable it first")
    rig.dispatcher.problem = disabled
    assert await rig.step(rig.task, messages_max=100) == disabled
    rig.dispatcher.problem, rig.worker.problem = None, unavailable()
    assert await rig.step(rig.task, messages_max=100) == unavailable()


async def test_messages_of_the_future_are_waited_for() -> None:
    rig = Rig(TaskKind.REPLAY_MISSING)
    rig.now = rig.task.arguments.until
    assert not (await rig.go_on()).done
    assert rig.task.progress.looked == 10
    waits = await rig.step(rig.task, messages_max=100)
    assert isinstance(waits, Problem)
    assert waits.code is ProblemCode.UNAVAILABLE
    rig.now += timedelta(seconds=1)
    assert (await rig.go_on()).done


async def test_only_kept_messages_wait_for_an_endpoint_that_is_disabled_again() -> None:
    rig = Rig(TaskKind.REPLAY_MISSING)
    rig.dispatcher.problem = Problem(ProblemCode.CONFLICT, "It is disabled.")
    assert await rig.step(rig.task, messages_max=100) == rig.dispatcher.problem
    kept = replace(rig.task, arguments=replace(rig.task.arguments, kept=True))
    waits = Problem(ProblemCode.UNAVAILABLE, "It is disabled.")
    assert await rig.step(kept, messages_max=100) == waits
    rig.dispatcher.problem = Problem(ProblemCode.NOT_FOUND, "It is deleted.")
    assert await rig.step(kept, messages_max=100) == rig.dispatcher.problem


async def test_a_filter_on_payloads_decides_once_they_are_loaded() -> None:
    rig = Rig(TaskKind.REPLAY_MISSING)
    rig.journal.add(a_message(3, payload=b'{"a": 2}'), a_message(4, tags=("t",)))
    rig.dispatcher.payload = b'{"a": 2}'
    assert (await rig.to_the_end()).resent == 1
    assert rig.resent == [[3]]
    first, second = rig.dispatcher.asked
    assert isinstance(first, MatchMessages)
    assert isinstance(second, MatchMessages)
    assert {kind.payload for kind in first.kinds} == {None}
    assert first.kinds[4].tags == second.kinds[4].tags == ("t",)
    assert second.kinds[4].payload == b'{"a": 1}'
