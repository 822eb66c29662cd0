"""What people do with deliveries by hand, put together over its ports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from angarium_gateway.application.configuration.application_directory import ApplicationDirectory
from angarium_gateway.application.read.endpoint_delivery import ReadEndpointDelivery
from angarium_gateway.application.read.messages import MessageJournal
from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.background_tasks import TaskKind

from .background_tasks import BackgroundTasks, TaskLeases
from .redelivery_dispatcher import RedeliveryDispatcher
from .replayed_messages import ReplayedMessages, TargetedMessages
from .resend_message import ResendMessage
from .send_example import SendExample
from .start_task import StartTask
from .task_runner import TaskRunner
from .task_steps import RecoverFailed, ReplayMessages, Step


class ReplayJournal(ReplayedMessages, TargetedMessages, Protocol):
    """Both ports to messages that go to one endpoint."""


class TaskStore(BackgroundTasks, TaskLeases, Protocol):
    """Both ports to background tasks."""


@dataclass(frozen=True, slots=True)
class Redelivery:
    """The use cases, and what carries out those that take long."""

    resend: ResendMessage
    send_example: SendExample
    start_task: StartTask
    tasks: BackgroundTasks
    endpoint_delivery: ReadEndpointDelivery
    runner: TaskRunner


def build_redelivery(
    *,
    directory: ApplicationDirectory,
    journal: MessageJournal,
    replayed: ReplayJournal,
    tasks: TaskStore,
    ask_dispatcher: ServiceQuery,
    ask_worker: ServiceQuery,
    make_id: Callable[[], bytes],
    now: Callable[[], datetime],
    clock_s: Callable[[], float],
    messages_per_s: int,
    lease_s: float,
) -> Redelivery:
    """`messages_per_s` bounds what all background tasks of this process deliver together;
    `lease_s` must exceed what four questions to other services may take."""
    redelivery = RedeliveryDispatcher(
        journal=replayed, ask_dispatcher=ask_dispatcher, ask_worker=ask_worker
    )
    replay = ReplayMessages(journal=replayed, redelivery=redelivery, ask_worker=ask_worker)
    steps: dict[TaskKind, Step] = {
        TaskKind.RECOVER: RecoverFailed(
            journal=replayed, redelivery=redelivery, ask_worker=ask_worker
        ),
        TaskKind.REPLAY_MISSING: replay,
        TaskKind.BULK_REPLAY: replay,
    }
    runner = TaskRunner(
        tasks, steps, messages_per_s=messages_per_s, lease_s=lease_s, clock_s=clock_s
    )
    return Redelivery(
        resend=ResendMessage(
            directory=directory, journal=journal, replayed=replayed, redelivery=redelivery, now=now
        ),
        send_example=SendExample(
            targeted=replayed, redelivery=redelivery, ask_dispatcher=ask_dispatcher, make_id=make_id
        ),
        start_task=StartTask(
            tasks=tasks, redelivery=redelivery, make_id=make_id, now=now, wake=runner.wake
        ),
        tasks=tasks,
        endpoint_delivery=ReadEndpointDelivery(
            ask_dispatcher=ask_dispatcher, ask_worker=ask_worker
        ),
        runner=runner,
    )
