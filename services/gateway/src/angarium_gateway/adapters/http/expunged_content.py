"""DELETE …/content: deleting payloads and answers, and keeping their records"""

from angarium_contracts.queries import Problem
from litestar import Controller, delete

from .dependencies import Api, CurrentCaller
from .parameters import ApplicationRef, AttemptRef, MessageRef
from .problems import Refused, refusal


class ContentController(Controller):
    """Deleting content. Twice is as good as once."""

    path = "/api/v1/app/{app_id:str}/msg/{msg_id:str}"

    @delete(
        "/content",
        operation_id="v1.message.expunge-content",
        summary="Delete the payload of a message",
        tags=["Message"],
    )
    async def expunge_message(
        self, api: Api, caller: CurrentCaller, app_id: ApplicationRef, msg_id: MessageRef
    ) -> None:
        """Deletes the payload of a message, and the response bodies of its attempts, which may
        repeat it. The message and its attempts stay on record.

        Pending deliveries of the message are canceled, and it can be resent or replayed no more. A
        scheduled message is not sent. While a delivery is under way, the answer may be `503`:
        repeat the request until it is `204`.
        """
        _refuse(await api.expunge.message(caller.tenant_id, app_id, msg_id))

    @delete(
        "/attempt/{attempt_id:str}/content",
        operation_id="v1.message-attempt.expunge-content",
        summary="Delete the response body of an attempt",
        tags=["Message Attempt"],
    )
    async def expunge_attempt(
        self,
        api: Api,
        caller: CurrentCaller,
        app_id: ApplicationRef,
        msg_id: MessageRef,
        attempt_id: AttemptRef,
    ) -> None:
        """Deletes the response body of an attempt, whose `response` is then `EXPUNGED`. The message
        keeps its payload and can be resent.
        """
        _refuse(await api.expunge.attempt(caller.tenant_id, app_id, msg_id, attempt_id))


def _refuse(problem: Problem | None) -> None:
    if problem is not None:
        raise Refused(refusal(problem))
