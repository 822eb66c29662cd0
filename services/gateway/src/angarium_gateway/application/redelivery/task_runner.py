"""Carrying background tasks out: a few at once, in turns, at a bounded rate."""

import asyncio
from collections.abc import Callable, Mapping
from contextlib import suppress
from dataclasses import replace
from typing import Final

import structlog
from angarium_contracts.ids import BACKGROUND_TASK, format_id
from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.unavailable import JournalUnavailable
from angarium_gateway.domain.background_tasks import HeldTask, TaskKind, TaskProgress
from angarium_gateway.domain.rate_limiter import RateLimiter

from .background_tasks import TaskLeases
from .redelivery_dispatcher import REDELIVERED_AT_ONCE_MAX
from .task_steps import Step

AT_ONCE_MAX: Final = 2
"""Tasks that one gateway carries out at once."""
TURN_S: Final = 5.0
"""How long a task goes on before others have their turn."""
POLL_S: Final = 5.0
RETRY_S_MAX: Final = 60.0
FAILURES_MAX: Final = 10
"""So often in a row a step may fail for a reason of our own before the task has failed."""
LOOKED_PER_UNIT: Final = 10
"""Messages that are only looked at cost a tenth of one that is delivered."""

log = structlog.get_logger()


class TaskRunner:
    """Holds a task while it carries it on, a step at a time, and records each step.

    When this process dies, its hold ends after `lease_s` and another goes on from the last step
    on record. A step takes less than `lease_s`; should one take longer, another may repeat it.
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
        self._steps = steps
        self._pace = RateLimiter(messages_per_s)
        self._messages_max = min(REDELIVERED_AT_ONCE_MAX, messages_per_s)
        self._lease_s = lease_s
        self._clock_s = clock_s
        self._poll_s = poll_s
        self._started = asyncio.Event()

    def wake(self) -> None:
        """A task was started: do not wait for the next look."""
        self._started.set()

    async def run(self) -> None:
        """Carry tasks out until cancelled."""
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
                with suppress(TimeoutError):
                    async with asyncio.timeout(self._poll_s):
                        await self._started.wait()
                self._started.clear()

    async def work_one_turn(self) -> bool:
        """Carry on the task that has waited longest; False when there is none. Raises
        `JournalUnavailable`."""
        held = await self._leases.lease(lease_s=self._lease_s)
        if held is None:
            return False
        try:
            await self._carry_on(held)
        except asyncio.CancelledError:
            with suppress(JournalUnavailable):
                await self._leases.put_back(held, error=None)
            raise
        except JournalUnavailable:
            raise
        except Exception:
            log.exception("background.failed", task=_name(held))
            detail = "the gateway failed to go on with it; look into its log"
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
                log.warning("background.taken_over", task=_name(held))
                return
            held = replace(held, task=replace(held.task, progress=after), failures=0)
            await asyncio.sleep(self._pace.wait_s(_cost(before, after), self._clock_s()))
        await self._leases.put_back(held, error=None)

    async def _stop(self, held: HeldTask, detail: str, *, lasting: bool) -> None:
        log.warning("background.stops", task=_name(held), reason=detail, lasting=lasting)
        if lasting:
            await self._leases.end(held, held.task.progress, error=detail)
            return
        wait_s = min(RETRY_S_MAX, 2.0 ** min(held.failures, 10))
        await self._leases.put_back(held, after_s=wait_s, error=detail)


def _cost(before: TaskProgress, after: TaskProgress) -> float:
    looked, resent = after.looked - before.looked, after.resent - before.resent
    return max(1.0, resent, looked / LOOKED_PER_UNIT)


def _name(held: HeldTask) -> str:
    return format_id(BACKGROUND_TASK, held.task.id)
