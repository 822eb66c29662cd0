"""Attempts on the wire."""

from datetime import datetime
from typing import Annotated, Literal

from angarium_contracts.attempts import Attempt, AttemptStatus, AttemptTrigger
from angarium_contracts.ids import ATTEMPT, ENDPOINT, MESSAGE, format_id
from msgspec import Meta

from .members import Shape
from .messages import MessageOut

StatusText = Literal["success", "pending", "fail", "sending"]

_STATUS_TEXTS: dict[AttemptStatus, StatusText] = {
    AttemptStatus.SUCCESS: "success",
    AttemptStatus.PENDING: "pending",
    AttemptStatus.FAIL: "fail",
    AttemptStatus.SENDING: "sending",
}


class MessageAttemptOut(Shape, frozen=True, kw_only=True):
    id: Annotated[str, Meta(examples=["atmpt_05jHR6TnRzUGhKWN8Ckr5D"])]
    msg_id: str
    endpoint_id: str
    url: str
    response: Annotated[str, Meta(description="What the endpoint answered, at most 16 KiB")]
    response_status_code: Annotated[int, Meta(description="0: no answer came")]
    response_duration_ms: int
    status: AttemptStatus
    status_text: StatusText
    trigger_type: AttemptTrigger
    timestamp: datetime
    msg: MessageOut | None


def attempt_out(attempt: Attempt, msg: MessageOut | None = None) -> MessageAttemptOut:
    """An attempt as clients see it."""
    return MessageAttemptOut(
        id=format_id(ATTEMPT, attempt.id),
        msg_id=format_id(MESSAGE, attempt.message_id),
        endpoint_id=format_id(ENDPOINT, attempt.endpoint_id),
        url=attempt.url,
        response=attempt.response,
        response_status_code=attempt.response_status,
        response_duration_ms=attempt.duration_ms,
        status=attempt.status,
        status_text=_STATUS_TEXTS[attempt.status],
        trigger_type=attempt.trigger,
        timestamp=attempt.ended_at,
        msg=msg,
    )
