"""Delete the content of several messages that a request names."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from angarium_contracts.queries import Problem, ProblemCode

from angarium_gateway.application.legal_holds import LegalHolds, refuse_held
from angarium_gateway.application.read.references import References
from angarium_gateway.application.redelivery.expunge_content import ExpungeContent

from .delete_content import DeleteContent, DeletedContent, Deletion
from .erasable_messages import ErasableMessages


@dataclass(frozen=True, slots=True)
class BulkExpunged:
    """For each reference, True if its content was deleted and False if there is no such message;
    references with `pending` deliveries are in neither."""

    results: Mapping[str, bool]
    pending: Sequence[str] = ()


class BulkExpunge:
    """Deletes content, message by message. Raises `JournalUnavailable`."""

    def __init__(
        self,
        references: References,
        messages: ErasableMessages,
        holds: LegalHolds,
        delete: DeleteContent,
        expunge: ExpungeContent,
    ) -> None:
        self._references = references
        self._messages = messages
        self._holds = holds
        self._delete = delete
        self._expunge = expunge

    async def __call__(
        self, tenant_id: bytes, application_ref: str, refs: Sequence[str], *, cancel_pending: bool
    ) -> BulkExpunged | Problem:
        """Delete the content of the messages with these ids or eventIds. A problem may leave some
        of them deleted; a repetition continues."""
        results: dict[str, bool] = {}
        pending: list[str] = []
        for ref in dict.fromkeys(refs):
            outcome = await self._one(
                tenant_id, application_ref, ref, cancel_pending=cancel_pending
            )
            match outcome:
                case Problem(code=ProblemCode.NOT_FOUND, field="msg_id"):
                    results[ref] = False
                case Problem():
                    return outcome
                case DeletedContent():
                    results[ref] = True
                case _:
                    pending.append(ref)
        return BulkExpunged(results, pending)

    async def _one(
        self, tenant_id: bytes, application_ref: str, ref: str, *, cancel_pending: bool
    ) -> DeletedContent | Deletion | Problem:
        if cancel_pending:
            problem = await self._expunge.message(tenant_id, application_ref, ref)
            return problem or DeletedContent()
        owned = await self._references.message(tenant_id, application_ref, ref)
        if isinstance(owned, Problem):
            return owned
        held = await refuse_held(self._holds, tenant_id, owned.application_id)
        if held is not None:
            return held
        found = await self._messages.named(owned.application_id, [owned.message.id])
        if not found:
            return Problem(ProblemCode.NOT_FOUND, "The message is gone.", field="msg_id")
        return await self._delete(found[0], cancel_pending=False)
