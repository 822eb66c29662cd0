"""The use cases that deliver messages again, built over their ports."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from angarium_gateway.application.configuration.application_directory import (
    ApplicationCopy,
    ApplicationDirectory,
)
from angarium_gateway.application.read.references import References
from angarium_gateway.application.service_query import ServiceQuery
from angarium_gateway.domain.background_tasks import TaskKind

from .background_tasks import BackgroundTasks, KeptPositions, TaskLeases
from .cancel_task import CancelTask
from .preview_redelivery import PreviewRedelivery
from .redelivery_dispatcher import RedeliveryDispatcher
from .replayed_messages import ReplayedMessages, TargetedMessages
from .resend_message import ResendMessage
from .resume_endpoint import ResumeEndpoint
from .send_example import SendExample
from .start_task import StartTask
from .start_usage import StartUsage
from .task_runner import TaskRunner
from .task_steps import RecoverFailed, ReplayMessages, Step
from .usage_steps import ApplicationUsage, EventTypeUsage


class ReplayJournal(ReplayedMessages, TargetedMessages, Protocol):
    """Messages of the journal that are delivered to one endpoint."""


class TaskStore(BackgroundTasks, TaskLeases, KeptPositions, Protocol):
    """Storage of background tasks, for starting them and for carrying them out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RedeliveryPorts:
    """The ports of redelivery."""

    replayed: ReplayJournal
    tasks: TaskStore
    ask_dispatcher: ServiceQuery
    ask_worker: ServiceQuery


@dataclass(frozen=True, slots=True)
class RedeliveryLimits:
    """`messages_per_s` bounds what all background tasks of this process deliver together;
    `lease_s` must exceed the time that four queries to other services may take."""

    messages_per_s: int
    lease_s: float
    hours_kept_days: int = 90


@dataclass(frozen=True, slots=True)
class Redelivery:
    """Resend, send-example, and the background tasks that recover and replay."""

    resend: ResendMessage
    send_example: SendExample
    start_task: StartTask
    start_usage: StartUsage
    tasks: BackgroundTasks
    cancel_task: CancelTask
    preview: PreviewRedelivery
    runner: TaskRunner
    resume: ResumeEndpoint
    kept: KeptPositions


def build_redelivery(
    ports: RedeliveryPorts,
    limits: RedeliveryLimits,
    references: References,
    directory: ApplicationDirectory,
    applications: ApplicationCopy,
    *,
    make_id: Callable[[], bytes],
    now: Callable[[], datetime],
    clock_s: Callable[[], float],
) -> Redelivery:
    """Build the use cases and the runner of background tasks."""
    replayed, ask_worker = ports.replayed, ports.ask_worker
    dispatcher = RedeliveryDispatcher(
        journal=replayed, ask_dispatcher=ports.ask_dispatcher, ask_worker=ask_worker
    )
    replay = ReplayMessages(journal=replayed, redelivery=dispatcher, ask_worker=ask_worker, now=now)
    recover = RecoverFailed(journal=replayed, redelivery=dispatcher, ask_worker=ask_worker)
    steps: dict[TaskKind, Step] = {
        TaskKind.RECOVER: recover,
        TaskKind.REPLAY_MISSING: replay,
        TaskKind.BULK_REPLAY: replay,
        TaskKind.APPLICATION_STATS: ApplicationUsage(
            applications, ask_worker, now=now, hours_kept_days=limits.hours_kept_days
        ),
        TaskKind.EVENT_TYPE_AGGREGATE: EventTypeUsage(ports.ask_dispatcher),
    }
    runner = TaskRunner(
        ports.tasks,
        steps,
        messages_per_s=limits.messages_per_s,
        lease_s=limits.lease_s,
        clock_s=clock_s,
    )
    return Redelivery(
        resend=ResendMessage(
            references=references, replayed=replayed, redelivery=dispatcher, now=now
        ),
        send_example=SendExample(
            targeted=replayed,
            redelivery=dispatcher,
            ask_dispatcher=ports.ask_dispatcher,
            make_id=make_id,
        ),
        start_task=StartTask(
            tasks=ports.tasks, redelivery=dispatcher, make_id=make_id, now=now, wake=runner.wake
        ),
        start_usage=StartUsage(
            tasks=ports.tasks, directory=directory, make_id=make_id, now=now, wake=runner.wake
        ),
        tasks=ports.tasks,
        cancel_task=CancelTask(ports.tasks),
        preview=PreviewRedelivery(replayed, dispatcher, ask_worker, now, clock_s),
        runner=runner,
        resume=ResumeEndpoint(ports.tasks, runner.wake),
        kept=ports.tasks,
    )
