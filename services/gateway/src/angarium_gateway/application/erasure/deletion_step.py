"""The steps of the background tasks that delete content: all of an application's, or a person's."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Final

from angarium_contracts.ids import lowest_id_at, operational_application_id
from angarium_contracts.queries import Problem, ProblemCode
from msgspec.structs import replace as changed

from angarium_gateway.application.legal_holds import LegalHolds, refuse_held
from angarium_gateway.application.redelivery.task_steps import Stepped
from angarium_gateway.domain.background_tasks import BackgroundTask, TaskProgress

from .delete_content import DeleteContent, DeletedContent, Deletion
from .deletion_state import DeletionState, WaitingMessage, deletion_state, encoded
from .erasable_messages import ErasableMessage, ErasableMessages
from .named_applications import NamedApplications
from .receipts import ErasureReceipts

PAGE_MAX: Final = 25
"""Messages of one step; their deletion is requested concurrently."""
WAITING_MAX: Final = 1_000
"""Messages that wait for their deliveries; while there are so many, no more are looked for."""


class DeleteContents:
    """Deletes the content of an application's messages or, with a subject, everything of the
    messages with this tag, or of the applications with this member of their metadata.

    Without a subject, a message with a pending delivery is kept and counted, unless the task
    cancels it. With a subject, it is waited for. The tenant's operational messages come last: they
    repeat eventIds. An application forgets the member once nothing is left of its messages. A legal
    hold that is placed meanwhile ends the task.
    """

    def __init__(
        self,
        messages: ErasableMessages,
        named: NamedApplications,
        holds: LegalHolds,
        delete: DeleteContent,
        receipts: ErasureReceipts,
        now: Callable[[], datetime],
    ) -> None:
        self._messages = messages
        self._named = named
        self._holds = holds
        self._delete = delete
        self._receipts = receipts
        self._now = now

    async def __call__(self, task: BackgroundTask, *, messages_max: int) -> Stepped | Problem:
        """See `Step`."""
        held = await refuse_held(self._holds, task.tenant_id, task.arguments.application_id or None)
        if held is not None:
            return held
        limit = min(PAGE_MAX, messages_max)
        state = deletion_state(task.progress)
        if state.searched or len(state.waiting) >= WAITING_MAX:
            return await self._go_through_waiting(task, state, limit)
        application_id = state.application_id
        if application_id is None and not task.arguments.by_metadata:
            application_id = task.arguments.application_id
        if not application_id:
            return await self._in_next_application(task, state, None)
        if state.waiting and application_id == operational_application_id(task.tenant_id):
            # An operational message is found by the eventId that its message has lost.
            return await self._go_through_waiting(task, state, limit)
        found = await self._messages.page(
            application_id,
            after=task.progress.cursor,
            before=lowest_id_at(int(self._until(task, application_id).timestamp() * 1_000) + 1),
            limit=limit,
        )
        if not found:
            return await self._in_next_application(task, state, application_id)
        chosen = await self._chosen(task, application_id, found)
        result = await self._delete_all(task, state, chosen)
        if isinstance(result, Problem):
            return result
        state, progress = result
        progress = replace(
            progress,
            cursor=found[-1].id,
            looked=progress.looked + len(found),
            result=encoded(changed(state, application_id=application_id)),
        )
        return Stepped(progress, done=False)

    def _until(self, task: BackgroundTask, application_id: bytes) -> datetime:
        """The time up to which messages are looked for. Operational messages may repeat an eventId
        until it is erased, which is after the request."""
        if application_id == operational_application_id(task.tenant_id):
            return self._now()
        return task.arguments.until

    async def _chosen(
        self, task: BackgroundTask, application_id: bytes, found: Sequence[ErasableMessage]
    ) -> Sequence[ErasableMessage]:
        if task.arguments.subject is None:
            return [each for each in found if not each.expunged]
        if application_id != operational_application_id(task.tenant_id):
            tag = task.arguments.tag_subject
            return found if tag is None else [each for each in found if tag in each.tags]
        ids = [each.id for each in found if not each.expunged]
        naming = await self._messages.naming_erased(task.tenant_id, application_id, ids)
        return [each for each in found if each.id in naming]

    async def _delete_all(
        self, task: BackgroundTask, state: DeletionState, chosen: Sequence[ErasableMessage]
    ) -> tuple[DeletionState, TaskProgress] | Problem:
        """Delete these messages. Those that cannot be deleted yet are added to `waiting`."""
        of, progress = task.arguments, task.progress
        outcomes = await asyncio.gather(
            *(self._delete(each, cancel_pending=of.cancel_pending) for each in chosen)
        )
        problem = next((each for each in outcomes if isinstance(each, Problem)), None)
        if problem is not None:
            return problem
        operational = operational_application_id(task.tenant_id)
        deleted = kept = 0
        for message, outcome in zip(chosen, outcomes, strict=True):
            if isinstance(outcome, DeletedContent):
                deleted += 1
                state = changed(
                    state,
                    attempts=state.attempts + outcome.attempts,
                    pending_deliveries=state.pending_deliveries + outcome.pending_deliveries,
                )
                if message.application_id == operational:
                    state = changed(state, operational=state.operational + 1)
                elif of.subject is not None:
                    # Last: by its tag, the message is found again until nothing else is left.
                    rows = await self._messages.forget(message.application_id, message.id)
                    state = changed(state, event_claims=state.event_claims + rows.event_claims)
            elif of.subject is None and outcome is Deletion.PENDING:
                kept += 1
            else:
                waits = WaitingMessage(message.application_id, message.id)
                state = changed(state, waiting=(*state.waiting, waits))
        return state, replace(
            progress, resent=progress.resent + deleted, skipped=progress.skipped + kept
        )

    async def _go_through_waiting(
        self, task: BackgroundTask, state: DeletionState, limit: int
    ) -> Stepped | Problem:
        """Try waiting messages again, those first that have waited longest."""
        if not state.waiting:
            return self._ended(task, state)
        tried, rest = state.waiting[:limit], state.waiting[limit:]
        found: list[ErasableMessage] = []
        for application_id in sorted({each.application_id for each in tried}):
            ids = [each.id for each in tried if each.application_id == application_id]
            found += await self._messages.named(application_id, ids)
        result = await self._delete_all(task, changed(state, waiting=rest), found)
        if isinstance(result, Problem):
            return result
        after, progress = result
        waited = {each.application_id for each in tried} - {state.application_id}
        forgotten = await self._forget_member(task, after, *sorted(waited))
        if isinstance(forgotten, Problem):
            return forgotten
        after = forgotten
        if len(after.waiting) == len(state.waiting):
            return Problem(
                code=ProblemCode.UNAVAILABLE,
                detail=f"Waiting for {len(state.waiting)} messages with pending deliveries or"
                " attempts under way.",
            )
        return Stepped(replace(progress, result=encoded(after)), done=False)

    async def _in_next_application(
        self, task: BackgroundTask, state: DeletionState, current: bytes | None
    ) -> Stepped | Problem:
        if task.arguments.by_metadata:
            following = await self._next_named(task, state, current)
        else:
            application_id = await self._next_application(task, current)
            following = _searching(state, application_id)
        if isinstance(following, Problem):
            return following
        progress = replace(task.progress, cursor=None, result=encoded(following))
        return Stepped(progress, done=False)

    async def _next_named(
        self, task: BackgroundTask, state: DeletionState, current: bytes | None
    ) -> DeletionState | Problem:
        """Go on to the next application with the member, once `current` has forgotten it."""
        operational = operational_application_id(task.tenant_id)
        if current == operational:
            return _searching(state, None)
        if current is not None:
            forgotten = await self._forget_member(task, state, current)
            if isinstance(forgotten, Problem):
                return forgotten
            state = forgotten
        if not state.named and not state.all_found:
            found = await self._named.find(task, state.looked_to)
            if isinstance(found, Problem):
                return found
            state = changed(
                state,
                named=found.application_ids,
                looked_to=found.looked_to,
                all_found=found.looked_to is None,
            )
        if state.named:
            return _searching(changed(state, named=state.named[1:]), state.named[0])
        if state.all_found:
            return _searching(state, operational)
        return changed(state, application_id=None)

    async def _forget_member(
        self, task: BackgroundTask, state: DeletionState, *application_ids: bytes
    ) -> DeletionState | Problem:
        """Remove the subject from the metadata of those applications that are searched and of which
        no message waits."""
        waiting = {each.application_id for each in state.waiting}
        waiting.add(operational_application_id(task.tenant_id))
        for application_id in application_ids:
            if task.arguments.by_metadata and application_id not in waiting:
                problem = await self._named.forget(task, application_id)
                if problem is not None:
                    return problem
                state = changed(state, applications=state.applications + 1)
        return state

    async def _next_application(self, task: BackgroundTask, current: bytes | None) -> bytes | None:
        of, operational = task.arguments, operational_application_id(task.tenant_id)
        if of.subject is None or current == operational:
            return None
        if not of.application_id:
            following = await self._messages.next_application(task.tenant_id, current)
            if following is not None:
                return following
        return operational

    def _ended(self, task: BackgroundTask, state: DeletionState) -> Stepped:
        progress = task.progress
        if task.arguments.subject is None:
            return Stepped(progress, done=True)
        messages = progress.resent - state.operational
        rows = {
            "message": messages,
            "event_claim": state.event_claims,
            "operational message": state.operational,
            "attempt": state.attempts,
            "pending_delivery": state.pending_deliveries,
            "application": state.applications,
        }
        receipt = self._receipts.sign(task, self._now(), rows)
        return Stepped(replace(progress, result=encoded(DeletionState(receipt=receipt))), done=True)


def _searching(state: DeletionState, application_id: bytes | None) -> DeletionState:
    """The state in which an application is searched next; None: all are done."""
    if application_id is None:
        return changed(state, searched=True)
    return changed(state, application_id=application_id)
