"""The table of background tasks and their leases, on either engine."""

import base64
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec
from angarium_chassis.database.clock import clock_us
from angarium_chassis.database.engine import Database
from angarium_contracts.ids import lowest_id_at
from sqlalchemy import ColumnElement, Row, Select, func, insert, select, update
from sqlalchemy.exc import IntegrityError

from angarium_gateway.application.read.id_window import IdPage, IdWindow
from angarium_gateway.application.redelivery.background_tasks import TaskFilter
from angarium_gateway.domain.background_tasks import (
    BackgroundTask,
    HeldTask,
    TaskArguments,
    TaskKind,
    TaskProgress,
    TaskStatus,
)

from .failures import journal_failures
from .id_pages import page_of, windowed
from .tables import background_task as table

ERROR_CHARS_MAX = 1_000
CANCELED = "The task was canceled."

_arguments = msgspec.json.Decoder(TaskArguments)


def _beginning(application_id: bytes) -> str:
    """How the arguments of an application's tasks begin: their first member is its id."""
    encoded = base64.b64encode(application_id).decode()
    return f'{{"application_id":"{encoded}"'


class BackgroundTaskTable:
    """Implements the ports `BackgroundTasks` and `TaskLeases`."""

    def __init__(self, database: Database) -> None:
        self._engine = database.engine
        self._reading = database.reading
        self._now_us = clock_us(on_postgres=database.on_postgres)

    async def start(
        self,
        task_id: bytes,
        tenant_id: bytes,
        kind: TaskKind,
        arguments: TaskArguments,
        *,
        running_max: int,
    ) -> BackgroundTask | None:
        """See the port."""
        running = (
            select(func.count())
            .select_from(table)
            .where(table.c.tenant_id == tenant_id, table.c.status == TaskStatus.RUNNING.value)
        )
        new = insert(table).values(
            id=task_id,
            tenant_id=tenant_id,
            kind=kind.value,
            status=TaskStatus.RUNNING.value,
            arguments=msgspec.json.encode(arguments).decode(),
            looked=0,
            resent=0,
            skipped=0,
            failures=0,
            updated_at=self._now_us,
            held_until=self._now_us,
            fence=0,
        )
        with journal_failures():
            try:
                async with self._engine.begin() as connection:
                    if (await connection.scalar(running) or 0) >= running_max:
                        return None
                    row = (await connection.execute(new.returning(table))).one()
            except IntegrityError:
                return await self.find(tenant_id, task_id)
        return _task(row)

    async def find(self, tenant_id: bytes, task_id: bytes) -> BackgroundTask | None:
        """See the port."""
        query = select(table).where(table.c.tenant_id == tenant_id, table.c.id == task_id)
        rows = await self._rows(query)
        return _task(rows[0]) if rows else None

    async def cancel(self, tenant_id: bytes, task_id: bytes) -> BackgroundTask | None:
        """See the port."""
        running = (
            (table.c.tenant_id == tenant_id)
            & (table.c.id == task_id)
            & (table.c.status == TaskStatus.RUNNING.value)
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                query = select(table).where(running).with_for_update()
                row = (await connection.execute(query)).one_or_none()
                if row is None:
                    return None
                change = (
                    update(table)
                    .where(running)
                    .values(
                        status=TaskStatus.CANCELED.value,
                        fence=table.c.fence + 1,
                        error=CANCELED,
                        updated_at=self._now_us,
                        **_without_subject(_task(row).arguments),
                    )
                    .returning(table)
                )
                return _task((await connection.execute(change)).one())

    async def still_held(self, held: HeldTask) -> bool:
        """See the port."""
        return bool(await self._rows(select(table.c.id).where(_mine(held))))

    async def kept_positions(self, endpoint_ids: Collection[bytes]) -> Mapping[bytes, bytes]:
        """See the port."""
        query = select(table).where(
            table.c.status == TaskStatus.RUNNING.value,
            table.c.kind == TaskKind.REPLAY_MISSING.value,
            table.c.arguments.contains('"kept":true'),
        )
        found: dict[bytes, bytes] = {}
        for row in await self._rows(query):
            task = _task(row)
            endpoint_id, since = task.arguments.endpoint_id, task.arguments.since
            if endpoint_id in endpoint_ids:
                position = task.progress.cursor or lowest_id_at(int(since.timestamp() * 1_000))
                found[endpoint_id] = min(position, found.get(endpoint_id, position))
        return found

    async def page(
        self, tenant_id: bytes, window: IdWindow, chosen: TaskFilter
    ) -> IdPage[BackgroundTask]:
        """See the port."""
        query = select(table).where(table.c.tenant_id == tenant_id)
        if chosen.statuses is not None:
            query = query.where(table.c.status.in_([each.value for each in chosen.statuses]))
        if chosen.kind is not None:
            query = query.where(table.c.kind == chosen.kind.value)
        if chosen.application_id is not None:
            # Not LIKE, for which SQLite takes `a` and `A` as the same.
            beginning = _beginning(chosen.application_id)
            query = query.where(func.substr(table.c.arguments, 1, len(beginning)) == beginning)
        rows = await self._rows(windowed(query, table.c.id, window))
        return page_of(rows, window, _task)

    async def lease(self, *, lease_s: float) -> HeldTask | None:
        """See the port."""
        due = (
            select(table.c.id)
            .where(table.c.status == TaskStatus.RUNNING.value, table.c.held_until <= self._now_us)
            .order_by(table.c.held_until, table.c.id)
            .limit(1)
        )
        # Looked for without the write lock first, of which SQLite has only one.
        if not await self._rows(due):
            return None
        free = due.with_for_update(skip_locked=True)
        taken = (
            update(table)
            .where(table.c.id == free.scalar_subquery())
            .values(held_until=self._after(lease_s), fence=table.c.fence + 1)
            .returning(table)
        )
        with journal_failures():
            async with self._engine.begin() as connection:
                row = (await connection.execute(taken)).one_or_none()
        return None if row is None else HeldTask(_task(row), row.fence, row.failures)

    async def save(self, held: HeldTask, progress: TaskProgress, *, lease_s: float) -> bool:
        """See the port."""
        return await self._change(
            held, **_columns(progress), error=None, failures=0, held_until=self._after(lease_s)
        )

    async def put_back(self, held: HeldTask, *, after_s: float = 0.0, error: str | None) -> bool:
        """See the port."""
        failed = {"error": _cut(error), "failures": table.c.failures + 1} if error else {}
        return await self._change(held, **failed, held_until=self._after(after_s))

    async def end(self, held: HeldTask, progress: TaskProgress, *, error: str | None) -> bool:
        """See the port."""
        status = TaskStatus.FINISHED if error is None else TaskStatus.FAILED
        values = {**_columns(progress), "error": _cut(error), "status": status.value}
        return await self._change(held, **values, **_without_subject(held.task.arguments))

    def _after(self, wait_s: float) -> ColumnElement[int]:
        return self._now_us + int(wait_s * 1_000_000)

    async def _change(self, held: HeldTask, **values: Any) -> bool:
        statement = update(table).where(_mine(held)).values(**values, updated_at=self._now_us)
        with journal_failures():
            async with self._engine.begin() as connection:
                return (await connection.execute(statement)).rowcount == 1

    async def _rows(self, query: Select[Any]) -> Sequence[Row[Any]]:
        with journal_failures():
            async with self._reading.connect() as connection:
                rows: Sequence[Row[Any]] = (await connection.execute(query)).all()
        return rows


def _mine(held: HeldTask) -> ColumnElement[bool]:
    return (
        (table.c.id == held.task.id)
        & (table.c.fence == held.fence)
        & (table.c.status == TaskStatus.RUNNING.value)
    )


def _without_subject(arguments: TaskArguments) -> dict[str, str]:
    """The column of the arguments without their subject, which names a person; empty if there is
    none."""
    if arguments.subject is None:
        return {}
    return {"arguments": msgspec.json.encode(replace(arguments, subject=None)).decode()}


def _columns(progress: TaskProgress) -> dict[str, Any]:
    return {
        "cursor": progress.cursor,
        "looked": progress.looked,
        "resent": progress.resent,
        "skipped": progress.skipped,
        "result": progress.result,
    }


def _cut(error: str | None) -> str | None:
    return None if error is None else error[:ERROR_CHARS_MAX]


def _task(row: Row[Any]) -> BackgroundTask:
    return BackgroundTask(
        id=bytes(row.id),
        tenant_id=bytes(row.tenant_id),
        kind=TaskKind(row.kind),
        arguments=_arguments.decode(row.arguments),
        updated_at=row.updated_at,
        status=TaskStatus(row.status),
        progress=TaskProgress(
            cursor=None if row.cursor is None else bytes(row.cursor),
            looked=row.looked,
            resent=row.resent,
            skipped=row.skipped,
            result=row.result,
        ),
        error=row.error,
    )
