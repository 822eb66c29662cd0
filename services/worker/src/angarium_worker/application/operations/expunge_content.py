"""Deleting the content of a message or an attempt, on a tenant's command."""

from typing import Protocol, assert_never

from angarium_contracts.attempts import ExpungeAttempt
from angarium_contracts.contract import Contract
from angarium_contracts.deliveries import DeliveriesChanged, ExpungeMessage
from angarium_contracts.queries import Done, Problem, ProblemCode

from angarium_worker.application.capacity.worker_counters import WorkerCounters
from angarium_worker.application.ledger.manual_ledger import ManualLedger

from .problems import or_problem

CANCELLED_MAX = 1_000
"""Pending deliveries that one command ends."""

type ExpungeCommand = ExpungeMessage | ExpungeAttempt


class StoredContent(Protocol):
    """The content of messages and attempts that the worker stores. Every method raises
    `StorageDown`."""

    async def blank_pending(self, message_id: bytes) -> None:
        """Delete the payload of the message's pending deliveries that are cancelled."""
        ...

    async def count_blanked(self, message_id: bytes, reason: str) -> int:
        """How many pending deliveries of the message lost their payload for `reason`, or will end
        without one."""
        ...

    async def is_pending(self, message_id: bytes) -> bool:
        """True if the message has a pending delivery."""
        ...

    async def is_held(self, message_id: bytes) -> bool:
        """True if a worker holds a pending delivery of the message: it may be sent now."""
        ...

    async def expunge_responses(self, message_id: bytes, attempt_id: bytes | None = None) -> int:
        """Delete the answers of the message's attempts, or of one of them; how many attempts there
        are."""
        ...


class ExpungeContent:
    """Carries out `ExpungeMessage` and `ExpungeAttempt`. A repetition has no further effect."""

    def __init__(
        self,
        ledger: ManualLedger,
        content: StoredContent,
        counters: WorkerCounters,
        *,
        lease_s: float,
    ) -> None:
        self._ledger = ledger
        self._content = content
        self._counters = counters
        self._lease_s = lease_s

    async def answer(self, command: ExpungeCommand) -> Contract:
        """Carry out the command, or a `Problem`."""
        match command:
            case ExpungeMessage():
                return await or_problem(command, self._message(command))
            case ExpungeAttempt():
                return await or_problem(command, self._attempt(command))
            case _:
                assert_never(command)

    async def _message(self, command: ExpungeMessage) -> Contract:
        message_id = command.message_id
        if command.keep_pending and await self._content.is_pending(message_id):
            return DeliveriesChanged(count=0, done=False)
        ended, marked = await self._ledger.cancel(
            message_id=message_id,
            endpoint_id=None,
            reason=command.reason,
            by_hand=True,
            rows_max=CANCELLED_MAX,
            lease_s=self._lease_s,
        )
        self._counters.count_cancelled(ended)
        # A delivery that may be held is only marked: it is not sent any more, and its row ends when
        # it comes due.
        await self._content.blank_pending(message_id)
        # Before the answers are deleted: who holds a delivery now may still record one.
        held = await self._content.is_held(message_id)
        attempts = await self._content.expunge_responses(message_id)
        count = ended + marked
        return DeliveriesChanged(
            count=count,
            done=not held and count < CANCELLED_MAX,
            attempts=attempts,
            pending_deliveries=await self._content.count_blanked(message_id, command.reason),
        )

    async def _attempt(self, command: ExpungeAttempt) -> Contract:
        if await self._content.expunge_responses(command.message_id, command.attempt_id):
            return Done()
        return Problem(
            code=ProblemCode.NOT_FOUND,
            detail="This message has no such attempt. List its attempts to find the id.",
        )
