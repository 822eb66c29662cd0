"""Runs background tasks: a few at once, in turns, at a bounded rate."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog
from angarium_chassis.backoff import backoff_s
from angarium_chassis.waiting import set_within
from angarium_contracts.ids import BACKGROUND_TASK, format_id
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.background_tasks import HeldTask, TaskKind, TaskProgress
from angarium_gateway.domain.rate_limiter import RateLimiter

from .background_tasks import TaskLeases
from .redelivery_dispatcher import REDELIVERED_AT_ONCE_MAX
from .task_steps import Step

AT_ONCE_MAX: Final = 2
"""Tasks that one gateway runs at once."""
TURN_S: Final = 5.0
"""The length of a task's turn, after which others go first."""
POLL_S: Final = 5.0
RETRY_S_MIN: Final = 1.0
RETRY_S_MAX: Final = 60.0
FAILURES_MAX: Final = 10
"""Unexpected failures of a task in a row after which it is marked as failed."""
LOOKED_PER_UNIT: Final = 10
"""Messages that are only examined count as a tenth of a delivered one."""

log = structlog.get_logger()


class TaskRunner:
    """Leases a task, carries it out step by step, and records each step.

    When this process dies, the lease ends after `lease_s` and another gateway continues after the
    last recorded step. A step that takes longer than `lease_s` may be repeated by another gateway:
    the worker finds its deliveries on record and sends nothing twice.
    """

    def __init__(
        self,
        leases: TaskLeases,
        steps: Mapping[TaskKind, Step],
        *,
        messages_per_s: int,
        lease_s: float,
        clock_s: Callable[[], float],
        poll_s: float = POLL_S,
    ) -> None:
        self._leases = leases
        self._steps = dict(steps)
        self._pace = RateLimiter(messages_per_s)
        self._messages_max = min(REDELIVERED_AT_ONCE_MAX, messages_per_s)
        self._lease_s = lease_s
        self._clock_s = clock_s
        self._poll_s = poll_s
        self._started = asyncio.Event()

    def add_step(self, kind: TaskKind, step: Step) -> None:
        """Carry out tasks of another kind, before `run` begins."""
        self._steps[kind] = step

    def wake(self) -> None:
        """Look for tasks now: one was started."""
        self._started.set()

    async def run(self) -> None:
        """Run tasks until cancelled."""
        async with asyncio.TaskGroup() as slots:
            for _ in range(AT_ONCE_MAX):
                slots.create_task(self._run_slot())

    async def _run_slot(self) -> None:
        while True:
            try:
                worked = await self.work_one_turn()
            except JournalUnavailable as error:
                log.warning("background.waits", error=str(error))
                worked = False
            if not worked:
                await set_within(self._started, self._poll_s)
                self._started.clear()

    async def work_one_turn(self) -> bool:
        """Run the task that has waited longest for one turn; False when there is none. Raises
        `JournalUnavailable`."""
        held = await self._leases.lease(lease_s=self._lease_s)
        if held is None:
            return False
        try:
            await self._carry_on(held)
        except asyncio.CancelledError:
            # A gateway that stops returns the task, so that another need not wait for the lease.
            with suppress(JournalUnavailable):
                await self._leases.put_back(held, error=None)
            raise
        except JournalUnavailable:
            raise
        except Exception:
            log.exception("background.failed", task=_name(held))
            detail = "The task failed unexpectedly. See `background.failed` in the gateway's log."
            await self._stop(held, detail, lasting=held.failures + 1 >= FAILURES_MAX)
        return True

    async def _carry_on(self, held: HeldTask) -> None:
        step = self._steps[held.task.kind]
        turn_ends_s = self._clock_s() + TURN_S
        while self._clock_s() < turn_ends_s:
            outcome = await step(held.task, messages_max=self._messages_max)
            if isinstance(outcome, Problem):
                lasting = outcome.code is not ProblemCode.UNAVAILABLE
                await self._stop(held, outcome.detail, lasting=lasting)
                return
            before, after = held.task.progress, outcome.progress
            if outcome.done:
                await self._leases.end(held, after, error=None)
                log.info("background.finished", task=_name(held), resent=after.resent)
                return
            if not await self._leases.save(held, after, lease_s=self._lease_s):
                log.warning("background.left", task=_name(held))
                return
            held = replace(held, task=replace(held.task, progress=after), failures=0)
            await asyncio.sleep(self._pace.wait_s(_cost(before, after), self._clock_s()))
            # It may have been canceled meanwhile, and a step sends up to 100 messages.
            if not await self._leases.still_held(held):
                log.info("background.left", task=_name(held))
                return
        await self._leases.put_back(held, error=None)

    async def _stop(self, held: HeldTask, detail: str, *, lasting: bool) -> None:
        log.warning("background.stops", task=_name(held), reason=detail, lasting=lasting)
        if lasting:
            await self._leases.end(held, held.task.progress, error=detail)
            return
        wait_s = backoff_s(held.failures, first_s=RETRY_S_MIN, longest_s=RETRY_S_MAX)
        await self._leases.put_back(held, after_s=wait_s, error=detail)


def _cost(before: TaskProgress, after: TaskProgress) -> float:
    looked, resent = after.looked - before.looked, after.resent - before.resent
    return max(1.0, resent, looked / LOOKED_PER_UNIT)


def _name(held: HeldTask) -> str:
    return format_id(BACKGROUND_TASK, held.task.id)
