"""The ports of what is done by hand, in memory, and services that answer as they were told."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

from angarium_contracts.contract import Contract
from angarium_contracts.deliveries import (
    DeliveriesChanged,
    FindMissingDeliveries,
    ListFailedDeliveries,
    MatchedMessages,
    MatchMessages,
    MessageIds,
    ResendDeliveries,
)
from angarium_contracts.ids import created_at_ms
from angarium_contracts.queries import Problem, ProblemCode
from angarium_gateway.application.erasure.erasable_messages import (
    ErasableMessage,
    ForgottenRows,
)
from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.redelivery.background_tasks import TaskFilter
from angarium_gateway.application.redelivery.replayed_messages import MessageHead, MessageRange
from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    HeldTask,
    TaskArguments,
    TaskKind,
    TaskProgress,
    TaskStatus,
)
from angarium_gateway.domain.messages import NewMessage
from msgspec.structs import replace as changed

TENANT, APPLICATION_ID, ENDPOINT_ID = b"t" * 16, b"a" * 16, b"e" * 16
MADE_AT = datetime(2030, 1, 2, 3, 4, 5, 678_901, UTC)


def head_of(message: NewMessage) -> MessageHead:
    return MessageHead(
        message.id,
        message.event_type,
        len(message.payload),
        message.channels,
        message.tags,
        message.expunged,
    )


@dataclass
class MemoryReplayJournal:
    """Messages in the order of ids; `open_ids` are in open batches, and `naming_ids` name erased
    ones."""

    messages: dict[bytes, NewMessage] = field(default_factory=dict)
    targeted: list[NewMessage] = field(default_factory=list)
    open_ids: set[bytes] = field(default_factory=set)
    scheduled_ids: set[bytes] = field(default_factory=set)
    naming_ids: set[bytes] = field(default_factory=set)
    down: bool = False

    def add(self, *messages: NewMessage) -> None:
        self.messages.update((message.id, message) for message in messages)

    async def expunge(self, application_id: bytes, message_id: bytes) -> None:
        if self.down:
            raise JournalUnavailable
        message = self.messages[message_id]
        self.messages[message_id] = changed(message, payload=b"", expunged=True)

    async def page(
        self, application_id: bytes, *, after: bytes | None, before: bytes, limit: int
    ) -> Sequence[ErasableMessage]:
        found = [
            self._erasable(message)
            for _, message in sorted(self.messages.items())
            if message.application_id == application_id and (after or b"") < message.id < before
        ]
        return found[:limit]

    async def named(
        self, application_id: bytes, message_ids: Sequence[bytes]
    ) -> Sequence[ErasableMessage]:
        return [self._erasable(message) for message in self._of(application_id, message_ids)]

    async def next_application(self, tenant_id: bytes, after: bytes | None) -> bytes | None:
        known = {each.application_id for each in self.messages.values()}
        return min((each for each in known if each > (after or b"")), default=None)

    async def forget(self, application_id: bytes, message_id: bytes) -> ForgottenRows:
        message = self.messages[message_id]
        self.messages[message_id] = changed(message, event_id=None, tags=(), trace=None)
        return ForgottenRows(1, message.event_id is not None)

    async def naming_erased(
        self, tenant_id: bytes, operational_id: bytes, message_ids: Sequence[bytes]
    ) -> set[bytes]:
        return self.naming_ids.intersection(message_ids)

    def _erasable(self, message: NewMessage) -> ErasableMessage:
        return ErasableMessage(
            message.application_id,
            message.id,
            message.event_id,
            message.tags,
            scheduled=message.id in self.scheduled_ids,
            expunged=message.expunged,
        )

    async def heads(
        self, application_id: bytes, ids: Sequence[bytes]
    ) -> Mapping[bytes, MessageHead]:
        return {message.id: head_of(message) for message in self._of(application_id, ids)}

    async def heads_in(self, within: MessageRange, *, limit: int) -> Sequence[MessageHead]:
        if self.down:
            raise JournalUnavailable("down")
        found = [
            head_of(message)
            for _, message in sorted(self.messages.items())
            if message.application_id == within.application_id
            and message not in self.targeted
            and message.id > (within.after or b"")
            and ms(within.since) <= created_at_ms(message.id) <= ms(within.until)
        ]
        return found[:limit]

    async def still_open(self, application_id: bytes, ids: Collection[bytes]) -> set[bytes]:
        return self.open_ids.intersection(ids)

    async def with_payloads(
        self, application_id: bytes, ids: Sequence[bytes]
    ) -> Sequence[NewMessage]:
        return self._of(application_id, ids)

    async def store(self, message: NewMessage) -> None:
        self.add(message)
        self.targeted.append(message)

    def _of(self, application_id: bytes, ids: Sequence[bytes]) -> list[NewMessage]:
        found = [self.messages[one] for one in ids if one in self.messages]
        return [message for message in found if message.application_id == application_id]


def ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)


@dataclass
class MemoryTasks:
    """Tasks with their fences, and what was done to them. A task that was put back for later
    waits until `time` has gone on."""

    rows: dict[bytes, HeldTask] = field(default_factory=dict)
    due: dict[bytes, float] = field(default_factory=dict)
    time: float = 0.0
    log: list[str] = field(default_factory=list)
    saved: list[TaskProgress] = field(default_factory=list)
    on_save: Callable[[], None] = lambda: None
    down: bool = False

    async def start(
        self,
        task_id: bytes,
        tenant_id: bytes,
        kind: TaskKind,
        arguments: TaskArguments,
        *,
        running_max: int,
    ) -> BackgroundTask | None:
        running = [row.task for row in self.rows.values() if row.task.tenant_id == tenant_id]
        if sum(task.status is TaskStatus.RUNNING for task in running) >= running_max:
            return None
        if task_id in self.rows:
            return self.rows[task_id].task
        task = BackgroundTask(task_id, tenant_id, kind, arguments, MADE_AT)
        self.rows[task_id] = HeldTask(task, 0)
        self.due[task_id] = self.time
        return task

    async def find(self, tenant_id: bytes, task_id: bytes) -> BackgroundTask | None:
        row = self.rows.get(task_id)
        return row.task if row is not None and row.task.tenant_id == tenant_id else None

    async def cancel(self, tenant_id: bytes, task_id: bytes) -> BackgroundTask | None:
        found = await self.find(tenant_id, task_id)
        if found is None or found.status is not TaskStatus.RUNNING:
            return None
        row = self.rows[task_id]
        canceled = replace(found, status=TaskStatus.CANCELED, error="The task was canceled.")
        self.rows[task_id] = HeldTask(canceled, row.fence + 1)
        return canceled

    async def still_held(self, held: HeldTask) -> bool:
        return self._mine(held)

    async def kept_positions(self, endpoint_ids: Collection[bytes]) -> Mapping[bytes, bytes]:
        return {
            row.task.arguments.endpoint_id: row.task.progress.cursor or b"\0" * 16
            for row in self.rows.values()
            if row.task.arguments.kept and row.task.arguments.endpoint_id in endpoint_ids
        }

    async def page(
        self, tenant_id: bytes, window: IdWindow, chosen: TaskFilter
    ) -> IdPage[BackgroundTask]:
        falling = window.descending != window.backwards
        found = [
            task
            for task in (row.task for row in self.rows.values())
            if task.tenant_id == tenant_id
            and (chosen.statuses is None or task.status in chosen.statuses)
            and (chosen.kind is None or task.kind is chosen.kind)
            and chosen.application_id in (None, task.arguments.application_id)
            and (
                window.past is None or (task.id < window.past if falling else task.id > window.past)
            )
        ]
        found.sort(key=lambda task: task.id, reverse=falling)
        items = found[: window.limit]
        return IdPage(items[::-1] if window.backwards else items, done=len(found) <= window.limit)

    async def lease(self, *, lease_s: float) -> HeldTask | None:
        if self.down:
            raise JournalUnavailable("down")
        due = [
            (self.due[row.task.id], row.task.id)
            for row in self.rows.values()
            if row.task.status is TaskStatus.RUNNING and self.due[row.task.id] <= self.time
        ]
        if not due:
            return None
        row = self.rows[min(due)[1]]
        held = self.rows[row.task.id] = replace(row, fence=row.fence + 1)
        self.due[held.task.id] = self.time + lease_s
        self.log.append("lease")
        return held

    async def save(self, held: HeldTask, progress: TaskProgress, *, lease_s: float) -> bool:
        self.on_save()
        if not self._mine(held):
            return False
        task = replace(held.task, progress=progress, error=None)
        self.rows[held.task.id] = HeldTask(task, held.fence)
        self.due[held.task.id] = self.time + lease_s
        self.saved.append(progress)
        return True

    async def put_back(self, held: HeldTask, *, after_s: float = 0.0, error: str | None) -> bool:
        if not self._mine(held):
            return False
        row = self.rows[held.task.id]
        if error is not None:
            row = replace(row, task=replace(row.task, error=error), failures=row.failures + 1)
        self.rows[held.task.id] = row
        self.due[held.task.id] = self.time + after_s
        self.log.append(f"put back for {after_s:g}")
        return True

    async def end(self, held: HeldTask, progress: TaskProgress, *, error: str | None) -> bool:
        if not self._mine(held):
            return False
        status = TaskStatus.FINISHED if error is None else TaskStatus.FAILED
        task = replace(held.task, progress=progress, error=error, status=status)
        self.rows[held.task.id] = replace(held, task=task)
        self.log.append(status.value)
        return True

    def _mine(self, held: HeldTask) -> bool:
        row = self.rows[held.task.id]
        return row.fence == held.fence and row.task.status is TaskStatus.RUNNING


@dataclass
class DispatcherModel:
    """Knows one endpoint, which wants messages of the types in `wants` and with the `payload` (all,
    when None)."""

    wants: set[str] | None = None
    payload: bytes | None = None
    problem: Problem | None = None
    delays: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    asked: list[Contract] = field(default_factory=list)

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        self.asked.append(question)
        if self.problem is not None:
            return self.problem
        assert isinstance(question, MatchMessages)
        matched = MatchedMessages(
            endpoint_id=ENDPOINT_ID,
            endpoint_version=8,
            application_id=APPLICATION_ID,
            wanted=tuple(
                question.by_hand
                or (
                    (self.wants is None or kind.event_type in self.wants)
                    and (self.payload is None or kind.payload in {None, self.payload})
                )
                for kind in question.kinds
            ),
            needs_payload=self.payload is not None
            and any(kind.payload is None for kind in question.kinds),
            retry_delays_s=tuple(self.delays.get(kind.event_type) for kind in question.kinds),
            weight=3,
        )
        assert isinstance(matched, answer)
        return matched


@dataclass
class WorkerModel:
    """Keeps deliveries of one endpoint as their states: "failed", "done" or "pending"."""

    deliveries: dict[bytes, str] = field(default_factory=dict)
    problem: Problem | None = None
    resends: list[ResendDeliveries] = field(default_factory=list)
    on_resend: Callable[[], None] = lambda: None

    async def __call__[T: Contract](self, question: Contract, answer: type[T]) -> T | Problem:
        if self.problem is not None:
            return self.problem
        given = self._answer(question)
        assert isinstance(given, answer | Problem)
        return given

    def _answer(self, question: Any) -> Contract:
        match question:
            case ListFailedDeliveries():
                return self._failed(question)
            case FindMissingDeliveries(message_ids=ids):
                return MessageIds(tuple(one for one in ids if one not in self.deliveries))
            case ResendDeliveries():
                return self._resend(question)
        raise AssertionError(question)

    def _failed(self, question: ListFailedDeliveries) -> MessageIds:
        found = [
            one
            for one, state in sorted(self.deliveries.items())
            if state == "failed" and one > (question.after or b"")
        ]
        page = tuple(found[: question.limit])
        return MessageIds(page, len(found) <= question.limit, page[-1] if page else None)

    def _resend(self, command: ResendDeliveries) -> Contract:
        self.on_resend()
        assert len(command.messages) <= 100
        size_bytes = sum(len(one.payload) for one in command.messages)
        assert size_bytes <= 4 * 1024 * 1024 or len(command.messages) == 1
        self.resends.append(command)
        ids = [one.id for one in command.messages]
        if command.only_missing:
            ids = [one for one in ids if one not in self.deliveries]
        self.deliveries.update(dict.fromkeys(ids, "pending"))
        return DeliveriesChanged(len(ids))


def unavailable(detail: str = "the worker did not answer") -> Problem:
    return Problem(ProblemCode.UNAVAILABLE, detail)
