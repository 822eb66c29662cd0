"""…/msg/bulk-expunge, …/msg/expunge-all-contents and …/erasure"""

from typing import Annotated

import msgspec
from angarium_contracts.queries import Problem
from litestar import Controller, post
from litestar.params import JSONBody, QueryParameter

from angarium_gateway.application.erasure.receipts import ErasureReceipt
from angarium_gateway.domain.background_tasks import BackgroundTask
from angarium_gateway.domain.erasure_subjects import ErasureSubject, MetadataSubject, TagSubject

from .dependencies import Api, CurrentCaller
from .parameters import ApplicationRef
from .problems import Fault, Refused, invalid, problem_answer, refusal
from .schemas.background_tasks import started
from .schemas.erasure import (
    BulkExpungeContentsIn,
    BulkExpungeContentsOut,
    ErasureIn,
    ErasureOut,
    ExpungeAllContentsOut,
    ReceiptVerificationIn,
    ReceiptVerificationOut,
)

CancelPending = Annotated[
    bool,
    QueryParameter(description="Cancel pending deliveries, instead of keeping their messages."),
]


class BulkExpungeController(Controller):
    """Deleting the content of many messages."""

    path = "/api/v1/app/{app_id:str}/msg"
    tags = ("Message",)

    @post(
        "/bulk-expunge",
        status_code=200,
        operation_id="v1.message.bulk-expunge-content",
        summary="Delete the payloads of messages",
    )
    async def bulk_expunge(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[BulkExpungeContentsIn],
    ) -> BulkExpungeContentsOut:
        """Deletes the payloads of up to 100 messages, and the response bodies of their attempts.

        A message with a pending delivery is kept, and the answer is `409` with the ids of such
        messages, while the others are deleted. With `cancelPending`, their deliveries are canceled.
        """
        done = await api.erasure.bulk(
            caller.tenant_id, app_id, data.ids or [], cancel_pending=data.cancel_pending
        )
        if isinstance(done, Problem):
            raise Refused(refusal(done))
        if done.pending:
            names = ", ".join(done.pending)
            detail = (
                f"These messages have pending deliveries and were kept: {names}. Repeat the request"
                " when they have ended, or with `cancelPending`."
            )
            raise Refused(problem_answer(409, "conflict", "Conflict", detail))
        return BulkExpungeContentsOut(
            results={
                ref: "expunged" if expunged else "not-found"
                for ref, expunged in done.results.items()
            }
        )

    @post(
        "/expunge-all-contents",
        status_code=202,
        operation_id="v1.message.expunge-all-contents",
        summary="Delete the payloads of all messages",
    )
    async def expunge_all(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        cancel_pending: CancelPending = False,
    ) -> ExpungeAllContentsOut:
        """Deletes the payloads of all messages that the application has now, in the background, and
        the response bodies of their attempts.

        Messages with pending deliveries are kept, and counted in the task's data as `kept`. With
        `cancel_pending=true`, their deliveries are canceled. The answer is a background task.
        """
        task = await api.erasure.start.of_contents(
            caller.tenant_id, app_id, cancel_pending=cancel_pending
        )
        return started(ExpungeAllContentsOut, _running(task))


class ErasureController(Controller):
    """Erasure of what is stored about a person."""

    path = "/api/v1"
    tags = ("Erasure",)

    @post(
        "/app/{app_id:str}/erasure",
        status_code=202,
        operation_id="v1.erasure.create-in-application",
        summary="Erase a person's data in an application",
    )
    async def erase_in_application(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        data: JSONBody[ErasureIn],
    ) -> ErasureOut:
        """Erases the application's messages with a tag, as `POST /api/v1/erasure` does, or all of
        them if its metadata has the member.
        """
        return await _erase(api, caller, app_id, data)

    @post(
        "/erasure",
        status_code=202,
        operation_id="v1.erasure.create",
        summary="Erase a person's data",
    )
    async def erase(self, api: Api, caller: CurrentCaller, data: JSONBody[ErasureIn]) -> ErasureOut:
        """Erases payloads, eventIds, tags and response bodies of all messages with a tag, or of all
        messages of the applications whose metadata has a member, in the background. The messages
        and their attempts stay on record without them. The member is removed from the metadata.

        Messages with pending deliveries are erased when these have ended; with `cancelPending` they
        are canceled. The answer is a background task. When it has finished, its data has a signed
        `receipt`.
        """
        return await _erase(api, caller, None, data)

    @post(
        "/erasure/verify-receipt",
        status_code=200,
        operation_id="v1.erasure.verify-receipt",
        summary="Verify the receipt of an erasure",
    )
    async def verify_receipt(
        self, api: Api, caller: CurrentCaller, data: JSONBody[ReceiptVerificationIn]
    ) -> ReceiptVerificationOut:
        """Returns whether this platform signed the receipt for the tenant, and whether it is of a
        tag or of a member of metadata.
        """
        receipt = msgspec.convert(msgspec.to_builtins(data.receipt), ErasureReceipt)
        receipts, tenant_id = api.erasure.receipts, caller.tenant_id
        matches = None
        if data.tag is not None or data.metadata is not None:
            matches = receipts.is_of(receipt, tenant_id, _subject(data))
        genuine = receipts.is_genuine(receipt) and receipt.tenant_id == tenant_id.hex()
        return ReceiptVerificationOut(genuine=genuine, subject_matches=matches)


async def _erase(
    api: Api, caller: CurrentCaller, application_ref: str | None, data: ErasureIn
) -> ErasureOut:
    task = await api.erasure.start.of_subject(
        caller.tenant_id,
        application_ref,
        _subject(data),
        cancel_pending=data.cancel_pending,
        requested_by=caller.key_id,
    )
    return started(ErasureOut, _running(task))


def _subject(data: ErasureIn | ReceiptVerificationIn) -> ErasureSubject:
    if (data.tag is None) == (data.metadata is None):
        message = "Name the person by `tag` or by `metadata`, and by one of them only."
        raise Refused(invalid(Fault(("body", "tag"), message)))
    if data.metadata is not None:
        return MetadataSubject(data.metadata.key, data.metadata.value)
    return TagSubject(data.tag or "")


def _running(task: BackgroundTask | Problem) -> BackgroundTask:
    if isinstance(task, Problem):
        raise Refused(refusal(task))
    return task
